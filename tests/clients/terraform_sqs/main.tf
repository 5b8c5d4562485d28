# Queues of both kinds, with policies, dead-letter queues, encryption and tags.

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

variable "visibility" {
  type    = number
  default = 30
}

variable "team" {
  type    = string
  default = "red"
}

variable "receives" {
  type    = number
  default = 3
}

variable "key" {
  type    = string
  default = null
}

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    sqs = var.endpoint
    sts = var.endpoint
    iam = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

resource "aws_sqs_queue" "dead" {
  name                      = "terraform-dead"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.main.arn]
  })
}

resource "aws_sqs_queue" "main" {
  name                       = "terraform-main"
  visibility_timeout_seconds = var.visibility
  delay_seconds              = 5
  max_message_size           = 2048
  receive_wait_time_seconds  = 10
  kms_master_key_id          = var.key
  sqs_managed_sse_enabled    = var.key == null ? true : null

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.receives
  })

  tags = {
    team = var.team
  }
}

data "aws_iam_policy_document" "main" {
  statement {
    sid       = "topics"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.main.arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:sns:us-east-1:${data.aws_caller_identity.me.account_id}:*"]
    }
  }
}

resource "aws_sqs_queue_policy" "main" {
  queue_url = aws_sqs_queue.main.id
  policy    = data.aws_iam_policy_document.main.json
}

resource "aws_sqs_queue" "fifo" {
  name                        = "terraform.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}

resource "aws_sqs_queue" "prefixed" {
  name_prefix = "terraform-any-"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
      Action    = "sqs:*"
      Resource  = "*"
    }]
  })
}

data "aws_sqs_queue" "main" {
  name = aws_sqs_queue.main.name
}

output "main_url" {
  value = data.aws_sqs_queue.main.url
}

output "fifo_arn" {
  value = aws_sqs_queue.fifo.arn
}
