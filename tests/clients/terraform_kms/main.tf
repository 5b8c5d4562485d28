# Keys of several kinds, with all that belongs to them.

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

variable "description" {
  type    = string
  default = "first"
}

variable "enabled" {
  type    = bool
  default = true
}

variable "team" {
  type    = string
  default = "red"
}

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "main" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }

  statement {
    sid       = "Through"
    actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "main" {
  description             = var.description
  deletion_window_in_days = 7
  enable_key_rotation     = var.enabled
  rotation_period_in_days = var.enabled ? 180 : null
  is_enabled              = var.enabled
  policy                  = data.aws_iam_policy_document.main.json

  tags = {
    team = var.team
  }
}

resource "aws_kms_alias" "main" {
  name          = "alias/terraform"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_kms_key" "signing" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
}

resource "aws_kms_key" "mac" {
  customer_master_key_spec = "HMAC_256"
  key_usage                = "GENERATE_VERIFY_MAC"
  deletion_window_in_days  = 7
}

resource "aws_kms_key_policy" "mac" {
  key_id = aws_kms_key.mac.id
  policy = data.aws_iam_policy_document.main.json
}

resource "aws_kms_external_key" "brought" {
  description             = "brought along"
  enabled                 = true
  deletion_window_in_days = 7
  key_material_base64     = "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0="
}

resource "aws_iam_role" "reader" {
  name = "terraform-kms-reader"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_kms_grant" "reader" {
  name              = "reader"
  key_id            = aws_kms_external_key.brought.id
  grantee_principal = aws_iam_role.reader.arn
  operations        = ["Decrypt", "DescribeKey"]

  constraints {
    encryption_context_subset = {
      app = "shop"
    }
  }
}

data "aws_kms_alias" "main" {
  name = aws_kms_alias.main.name
}

data "aws_kms_alias" "s3" {
  name = "alias/aws/s3"
}

data "aws_kms_public_key" "signing" {
  key_id = aws_kms_key.signing.arn
}

output "main_arn" {
  value = aws_kms_key.main.arn
}

output "alias_target" {
  value = data.aws_kms_alias.main.target_key_arn
}

output "s3_arn" {
  value = data.aws_kms_alias.s3.target_key_arn
}

output "public_key" {
  value = data.aws_kms_public_key.signing.public_key_pem
}
