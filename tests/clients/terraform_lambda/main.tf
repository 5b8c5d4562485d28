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

variable "package" {
  type    = string
  default = "one.zip"
}

variable "greeting" {
  type    = string
  default = "hello"
}

variable "reserved" {
  type    = number
  default = 5
}

variable "provisioned" {
  type    = number
  default = 1
}

variable "batch" {
  type    = number
  default = 10
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    dynamodb = var.endpoint
    iam      = var.endpoint
    lambda   = var.endpoint
    sts      = var.endpoint
  }
}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "function" {
  name = "terraform-lambda"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_lambda_layer_version" "shared" {
  layer_name               = "shared"
  filename                 = "${path.module}/layer.zip"
  source_code_hash         = filebase64sha256("${path.module}/layer.zip")
  description              = "what functions share"
  license_info             = "MIT"
  compatible_runtimes      = ["python3.12", "python3.13"]
  compatible_architectures = ["x86_64", "arm64"]
}

resource "aws_lambda_layer_version_permission" "shared" {
  layer_name     = aws_lambda_layer_version.shared.layer_name
  version_number = aws_lambda_layer_version.shared.version
  statement_id   = "other"
  action         = "lambda:GetLayerVersion"
  principal      = "222222222222"
}

resource "aws_lambda_function" "main" {
  function_name                  = "terraform-main"
  description                    = "by Terraform"
  role                           = aws_iam_role.function.arn
  runtime                        = "python3.12"
  handler                        = "index.handler"
  filename                       = "${path.module}/${var.package}"
  source_code_hash               = filebase64sha256("${path.module}/${var.package}")
  layers                         = [aws_lambda_layer_version.shared.arn]
  memory_size                    = 256
  timeout                        = 10
  publish                        = true
  reserved_concurrent_executions = var.reserved

  environment {
    variables = {
      GREETING = var.greeting
    }
  }
  ephemeral_storage {
    size = 1024
  }
  logging_config {
    log_format = "Text"
    log_group  = "/terraform/main"
  }
  tags = {
    team = "blue"
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "what is used"
  function_name    = aws_lambda_function.main.function_name
  function_version = aws_lambda_function.main.version
}

resource "aws_lambda_alias" "canary" {
  name             = "canary"
  function_name    = aws_lambda_function.main.function_name
  function_version = "1"

  dynamic "routing_config" {
    for_each = aws_lambda_function.main.version == "1" ? [] : [aws_lambda_function.main.version]
    content {
      additional_version_weights = {
        (routing_config.value) = 0.1
      }
    }
  }
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.main.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"

  cors {
    allow_origins = ["https://a.example"]
    allow_methods = ["GET", "POST"]
    allow_headers = ["date"]
    max_age       = 60
  }
}

resource "aws_lambda_function_url" "signed" {
  function_name      = aws_lambda_function.main.function_name
  authorization_type = "AWS_IAM"
  invoke_mode        = "RESPONSE_STREAM"
}

resource "aws_lambda_permission" "topic" {
  statement_id   = "topic"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.main.function_name
  qualifier      = aws_lambda_alias.live.name
  principal      = "sns.amazonaws.com"
  source_arn     = "arn:aws:sns:us-east-1:${data.aws_caller_identity.current.account_id}:topic"
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_lambda_permission" "account" {
  statement_id  = "account"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.main.arn
  principal     = "arn:aws:iam::222222222222:root" # AWS shows the bare number so, too
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.main.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = 120
  maximum_retry_attempts       = 0

  destination_config {
    on_failure {
      destination = aws_lambda_function.failures.arn
    }
  }
}

resource "aws_lambda_function_recursion_config" "main" {
  function_name  = aws_lambda_function.main.function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_runtime_management_config" "main" {
  function_name     = aws_lambda_function.main.function_name
  update_runtime_on = "FunctionUpdate"
}

resource "aws_lambda_code_signing_config" "trusted" {
  description = "nobody signs here"
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:us-east-1:111111111111:/signing-profiles/profile/1234567890"]
  }
  policies {
    untrusted_artifact_on_deployment = "Warn"
  }
}

resource "aws_lambda_function" "failures" {
  function_name           = "terraform-failures"
  role                    = aws_iam_role.function.arn
  runtime                 = "python3.12"
  handler                 = "index.handler"
  filename                = "${path.module}/one.zip"
  source_code_hash        = filebase64sha256("${path.module}/one.zip")
  code_signing_config_arn = aws_lambda_code_signing_config.trusted.arn
  layers                  = [aws_lambda_layer_version.shared.arn]
  publish                 = true

  environment {
    variables = {
      GREETING = "sorry"
    }
  }
  snap_start {
    apply_on = "PublishedVersions"
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.main.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.provisioned
}

resource "aws_dynamodb_table" "changes" {
  name             = "terraform-lambda-changes"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_role_policy" "stream" {
  name = "stream"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = aws_dynamodb_table.changes.stream_arn
      },
      { Effect = "Allow", Action = "dynamodb:ListStreams", Resource = "*" },
      { Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.failures.arn },
    ]
  })
}

resource "aws_lambda_event_source_mapping" "changes" {
  event_source_arn                   = aws_dynamodb_table.changes.stream_arn
  function_name                      = aws_lambda_alias.live.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.batch
  maximum_batching_window_in_seconds = 1
  maximum_retry_attempts             = 2
  maximum_record_age_in_seconds      = 3600
  parallelization_factor             = 2
  bisect_batch_on_function_error     = true
  function_response_types            = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT"] })
    }
  }
  tags = {
    team = "blue"
  }
  depends_on = [aws_iam_role_policy.stream]
}

output "mapping" {
  value = aws_lambda_event_source_mapping.changes.uuid
}

output "version" {
  value = aws_lambda_function.main.version
}

output "url" {
  value = aws_lambda_function_url.live.function_url
}

output "alias_arn" {
  value = aws_lambda_alias.live.arn
}
