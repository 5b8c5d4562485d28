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

variable "tag" {
  type    = string
  default = "1"
}

variable "command" {
  type    = list(string)
  default = null
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    iam    = var.endpoint
    lambda = var.endpoint
    sts    = var.endpoint
  }
}

resource "aws_iam_role" "function" {
  name = "terraform-images"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_lambda_function" "image" {
  function_name = "terraform-image"
  role          = aws_iam_role.function.arn
  package_type  = "Image"
  image_uri     = "333322221111.dkr.ecr.us-east-1.amazonaws.com/team/app:${var.tag}"
  memory_size   = 256
  timeout       = 10
  publish       = true

  dynamic "image_config" {
    for_each = var.command == null ? [] : [var.command]
    content {
      command           = image_config.value
      working_directory = "/app"
    }
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.image.function_name
  function_version = aws_lambda_function.image.version
}

output "version" {
  value = aws_lambda_function.image.version
}
