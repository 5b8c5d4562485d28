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

variable "batch_size" {
  type    = number
  default = 10
}

variable "enabled" {
  type    = bool
  default = true
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    dynamodb = var.endpoint
    iam      = var.endpoint
    lambda   = var.endpoint
    sns      = var.endpoint
    sqs      = var.endpoint
    sts      = var.endpoint
  }
}

resource "aws_dynamodb_table" "orders" {
  name             = "terraform-orders"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_role" "function" {
  name = "terraform-events"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "streams"
  role = aws_iam_role.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = aws_dynamodb_table.orders.stream_arn
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.parcels.arn
      },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.dead.arn },
      { Effect = "Allow", Action = "sns:Publish", Resource = aws_sns_topic.told.arn },
      { Effect = "Allow", Action = "dynamodb:ListStreams", Resource = "*" },
      { Effect = "Allow", Action = "logs:*", Resource = "*" }
    ]
  })
}

resource "aws_lambda_function" "orders" {
  function_name    = "terraform-orders"
  role             = aws_iam_role.function.arn
  runtime          = "python3.12"
  handler          = "index.handler"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn                   = aws_dynamodb_table.orders.stream_arn
  function_name                      = aws_lambda_function.orders.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.batch_size
  enabled                            = var.enabled
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = 2
  maximum_record_age_in_seconds      = 3600
  parallelization_factor             = 2
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT", "MODIFY"] })
    }
  }
  tags       = { team = "orders" }
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_sqs_queue" "parcels" {
  name                       = "terraform-parcels"
  visibility_timeout_seconds = 60
}

resource "aws_sqs_queue" "dead" {
  name = "terraform-dead"
}

resource "aws_sns_topic" "told" {
  name = "terraform-told"
}

resource "aws_lambda_function" "parcels" {
  function_name    = "terraform-parcels"
  role             = aws_iam_role.function.arn
  runtime          = "python3.12"
  handler          = "index.handler"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  timeout          = 30
  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_function_event_invoke_config" "parcels" {
  function_name          = aws_lambda_function.parcels.function_name
  maximum_retry_attempts = 1
  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
    on_success {
      destination = aws_sns_topic.told.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "parcels" {
  event_source_arn                   = aws_sqs_queue.parcels.arn
  function_name                      = aws_lambda_function.parcels.arn
  batch_size                         = var.batch_size
  enabled                            = var.enabled
  maximum_batching_window_in_seconds = 5
  function_response_types            = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 3
  }
  metrics_config {
    metrics = ["EventCount"]
  }
  filter_criteria {
    filter {
      pattern = jsonencode({ body = { kind = ["parcel"] } })
    }
  }
}

output "queue_mapping" {
  value = aws_lambda_event_source_mapping.parcels.uuid
}

output "uuid" {
  value = aws_lambda_event_source_mapping.orders.uuid
}
