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

variable "schedule" {
  type    = string
  default = "rate(5 minutes)"
}

variable "state" {
  type    = string
  default = "ENABLED"
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    events = var.endpoint
    iam    = var.endpoint
    logs   = var.endpoint
    sns    = var.endpoint
    sqs    = var.endpoint
    sts    = var.endpoint
  }
}

resource "aws_cloudwatch_event_bus" "orders" {
  name        = "terraform-orders"
  description = "orders"
  tags = {
    team = "red"
  }
}

resource "aws_cloudwatch_event_permission" "partner" {
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  principal      = "123456789012"
  statement_id   = "partner"
}

resource "aws_sqs_queue" "orders" {
  name = "terraform-orders"
}

resource "aws_sqs_queue" "fifo" {
  name                        = "terraform-orders.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
}

resource "aws_sns_topic" "orders" {
  name = "terraform-orders"
}

resource "aws_cloudwatch_log_group" "orders" {
  name = "/aws/events/terraform-orders"
}

resource "aws_cloudwatch_event_rule" "placed" {
  name           = "placed"
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  description    = "orders that were placed"
  state          = var.state
  event_pattern = jsonencode({
    source = ["shop"]
    detail = { total = [{ numeric = [">", 10] }] }
  })
  tags = {
    team = "red"
  }
}

resource "aws_cloudwatch_event_target" "queue" {
  rule           = aws_cloudwatch_event_rule.placed.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  target_id      = "queue"
  arn            = aws_sqs_queue.orders.arn
  dead_letter_config {
    arn = aws_sqs_queue.orders.arn
  }
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 5
  }
  input_transformer {
    input_paths = {
      total = "$.detail.total"
    }
    input_template = "{\"total\": <total>, \"rule\": <aws.events.rule-arn>}"
  }
}

resource "aws_cloudwatch_event_target" "fifo" {
  rule           = aws_cloudwatch_event_rule.placed.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  target_id      = "fifo"
  arn            = aws_sqs_queue.fifo.arn
  input_path     = "$.detail"
  sqs_target {
    message_group_id = "orders"
  }
}

resource "aws_cloudwatch_event_rule" "often" {
  name                = "often"
  schedule_expression = var.schedule
}

resource "aws_cloudwatch_event_target" "topic" {
  rule  = aws_cloudwatch_event_rule.often.name
  arn   = aws_sns_topic.orders.arn
  input = jsonencode({ hello = "world" })
}

resource "aws_cloudwatch_event_target" "logs" {
  rule = aws_cloudwatch_event_rule.often.name
  arn  = aws_cloudwatch_log_group.orders.arn
}

output "rule" {
  value = aws_cloudwatch_event_rule.placed.arn
}
