terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "display_name" {
  type    = string
  default = "First"
}

variable "raw" {
  type    = bool
  default = true
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    iam    = var.endpoint
    lambda = var.endpoint
    sns    = var.endpoint
    sqs    = var.endpoint
    sts    = var.endpoint
  }
}

resource "aws_sns_topic" "standard" {
  name              = "terraform-standard"
  display_name      = var.display_name
  signature_version = 2
  delivery_policy = jsonencode({
    http = {
      defaultHealthyRetryPolicy = {
        minDelayTarget     = 1
        maxDelayTarget     = 20
        numRetries         = 5
        numNoDelayRetries  = 1
        numMinDelayRetries = 0
        numMaxDelayRetries = 0
        backoffFunction    = "exponential"
      }
      disableSubscriptionOverrides = false
      defaultRequestPolicy = {
        headerContentType = "application/json"
      }
    }
  })
  tags = {
    team = "red"
  }
}

resource "aws_sns_topic" "ordered" {
  name                        = "terraform-ordered.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
}

resource "aws_sns_topic_policy" "standard" {
  arn = aws_sns_topic.standard.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "buckets"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.standard.arn
    }]
  })
}

resource "aws_sqs_queue" "all" {
  name = "terraform-all"
}

resource "aws_sqs_queue" "dead" {
  name = "terraform-dead"
}

resource "aws_sqs_queue" "ordered" {
  name       = "terraform-ordered.fifo"
  fifo_queue = true
}

resource "aws_sqs_queue_policy" "all" {
  for_each  = { all = aws_sqs_queue.all, dead = aws_sqs_queue.dead, ordered = aws_sqs_queue.ordered }
  queue_url = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value.arn
    }]
  })
}

resource "aws_sns_topic_subscription" "all" {
  topic_arn            = aws_sns_topic.standard.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.all.arn
  raw_message_delivery = var.raw
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ order = { state = ["paid"] } })
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}

resource "aws_sns_topic_subscription" "ordered" {
  topic_arn = aws_sns_topic.ordered.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.ordered.arn
}

resource "aws_sns_topic_subscription" "phone" {
  topic_arn = aws_sns_topic.standard.arn
  protocol  = "sms"
  endpoint  = "+15551234567"
}

output "standard" {
  value = aws_sns_topic.standard.arn
}

output "subscription" {
  value = aws_sns_topic_subscription.all.arn
}
