# Tables with everything that Pileus has of them.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }

variable "indexed" {
  type    = list(string)
  default = ["colour"]
}

variable "billing_mode" {
  type    = string
  default = "PAY_PER_REQUEST"
}

variable "team" {
  type    = string
  default = "blue"
}

variable "view" {
  type    = string
  default = "NEW_IMAGE"
}

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  max_retries             = 2

  endpoints {
    dynamodb = var.endpoint
    iam      = var.endpoint
    sts      = var.endpoint
  }
}

resource "aws_dynamodb_table" "notes" {
  name         = "notes"
  billing_mode = var.billing_mode
  hash_key     = "owner"
  range_key    = "at"

  read_capacity  = var.billing_mode == "PROVISIONED" ? 3 : null
  write_capacity = var.billing_mode == "PROVISIONED" ? 2 : null

  attribute {
    name = "owner"
    type = "S"
  }
  attribute {
    name = "at"
    type = "N"
  }
  attribute {
    name = "title"
    type = "S"
  }
  dynamic "attribute" {
    for_each = var.indexed
    content {
      name = attribute.value
      type = "S"
    }
  }

  local_secondary_index {
    name            = "by-title"
    range_key       = "title"
    projection_type = "KEYS_ONLY"
  }

  dynamic "global_secondary_index" {
    for_each = var.indexed
    content {
      name               = "by-${global_secondary_index.value}"
      hash_key           = global_secondary_index.value
      range_key          = "at"
      projection_type    = "INCLUDE"
      non_key_attributes = ["size", "shape"]
      read_capacity      = var.billing_mode == "PROVISIONED" ? 3 : null
      write_capacity     = var.billing_mode == "PROVISIONED" ? 2 : null
    }
  }

  ttl {
    attribute_name = "until"
    enabled        = true
  }

  stream_enabled   = true
  stream_view_type = var.view

  point_in_time_recovery {
    enabled = false
  }

  server_side_encryption {
    enabled = true
  }

  tags = {
    team = var.team
  }
}

resource "aws_dynamodb_table" "counters" {
  name                        = "counters"
  billing_mode                = "PROVISIONED"
  read_capacity               = 5
  write_capacity              = 5
  hash_key                    = "id"
  table_class                 = "STANDARD_INFREQUENT_ACCESS"
  deletion_protection_enabled = false

  attribute {
    name = "id"
    type = "B"
  }

  lifecycle {
    ignore_changes = [tags, tags_all] # see aws_dynamodb_tag
  }
}

resource "aws_dynamodb_table_item" "first" {
  table_name = aws_dynamodb_table.notes.name
  hash_key   = aws_dynamodb_table.notes.hash_key
  range_key  = aws_dynamodb_table.notes.range_key
  item = jsonencode({
    owner  = { S = "ada" }
    at     = { N = "1" }
    colour = { S = "red" }
    shape  = { S = "round" }
  })
}

resource "aws_dynamodb_tag" "late" {
  resource_arn = aws_dynamodb_table.counters.arn
  key          = "late"
  value        = "yes"
}

resource "aws_dynamodb_resource_policy" "shared" {
  resource_arn = aws_dynamodb_table.notes.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "readers"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Action    = ["dynamodb:GetItem", "dynamodb:Query"]
      Resource  = [aws_dynamodb_table.notes.arn, "${aws_dynamodb_table.notes.arn}/index/*"]
    }]
  })
}

output "stream_arn" { value = aws_dynamodb_table.notes.stream_arn }
output "table_arn" { value = aws_dynamodb_table.notes.arn }
