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

variable "retention" {
  type    = number
  default = 7
}

variable "pattern" {
  type    = string
  default = "{ $.level = \"ERROR\" }"
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    iam    = var.endpoint
    lambda = var.endpoint
    logs   = var.endpoint
    sts    = var.endpoint
  }
}

resource "aws_cloudwatch_log_group" "main" {
  name              = "/terraform/main"
  retention_in_days = var.retention
  tags = {
    team = "red"
  }
}

resource "aws_cloudwatch_log_stream" "main" {
  name           = "stream"
  log_group_name = aws_cloudwatch_log_group.main.name
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = var.pattern
  log_group_name = aws_cloudwatch_log_group.main.name

  metric_transformation {
    name          = "Errors"
    namespace     = "Terraform"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_log_metric_filter" "latency" {
  name           = "latency"
  pattern        = "[path, ms > 100]"
  log_group_name = aws_cloudwatch_log_group.main.name

  metric_transformation {
    name      = "Latency"
    namespace = "Terraform"
    value     = "$ms"
    dimensions = {
      Path = "$path"
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "route53" {
  policy_name = "route53"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "arn:aws:logs:*:*:log-group:/aws/route53/*"
      Principal = { Service = "route53.amazonaws.com" }
    }]
  })
}

resource "aws_cloudwatch_query_definition" "slow" {
  name            = "folder/slow"
  log_group_names = [aws_cloudwatch_log_group.main.name]
  query_string    = "fields @timestamp, @message | sort @timestamp desc | limit 25"
}

resource "aws_iam_role" "function" {
  name = "terraform-logs"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_lambda_function" "subscriber" {
  function_name    = "terraform-subscriber"
  role             = aws_iam_role.function.arn
  runtime          = "python3.12"
  handler          = "index.handler"
  filename         = "${path.module}/code.zip"
  source_code_hash = filebase64sha256("${path.module}/code.zip")
}

resource "aws_lambda_permission" "logs" {
  statement_id  = "logs"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.subscriber.function_name
  principal     = "logs.amazonaws.com"
  source_arn    = "${aws_cloudwatch_log_group.main.arn}:*"
}

resource "aws_cloudwatch_log_subscription_filter" "errors" {
  name            = "errors"
  log_group_name  = aws_cloudwatch_log_group.main.name
  filter_pattern  = var.pattern
  destination_arn = aws_lambda_function.subscriber.arn
  depends_on      = [aws_lambda_permission.logs]
}

output "arn" {
  value = aws_cloudwatch_log_group.main.arn
}
