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

variable "threshold" {
  type    = number
  default = 5
}

variable "team" {
  type    = string
  default = "red"
}

provider "aws" {
  region = "us-east-1"
  endpoints {
    cloudwatch = var.endpoint
    iam        = var.endpoint
    sts        = var.endpoint
  }
}

resource "aws_cloudwatch_metric_alarm" "simple" {
  alarm_name          = "terraform-simple"
  alarm_description   = "too many"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  metric_name         = "Errors"
  namespace           = "Mine"
  period              = 60
  statistic           = "Sum"
  threshold           = var.threshold
  treat_missing_data  = "notBreaching"
  dimensions = {
    host = "a"
    zone = "b"
  }
  alarm_actions = ["arn:aws:lambda:us-east-1:444433332222:function:f"]
  tags = {
    team = var.team
  }
}

resource "aws_cloudwatch_metric_alarm" "percentile" {
  alarm_name                            = "terraform-percentile"
  comparison_operator                   = "GreaterThanOrEqualToThreshold"
  evaluation_periods                    = 1
  metric_name                           = "Latency"
  namespace                             = "Mine"
  period                                = 10
  extended_statistic                    = "p99.9"
  evaluate_low_sample_count_percentiles = "ignore"
  threshold                             = 100
  unit                                  = "Milliseconds"
}

resource "aws_cloudwatch_metric_alarm" "math" {
  alarm_name          = "terraform-math"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = var.threshold

  metric_query {
    id          = "rate"
    expression  = "100 * errors / FILL(all, 1)"
    label       = "Rate"
    return_data = true
  }
  metric_query {
    id = "errors"
    metric {
      metric_name = "Errors"
      namespace   = "Mine"
      period      = 60
      stat        = "Sum"
      dimensions = {
        host = "a"
      }
    }
  }
  metric_query {
    id = "all"
    metric {
      metric_name = "Requests"
      namespace   = "Mine"
      period      = 60
      stat        = "Sum"
      unit        = "Count"
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "both" {
  alarm_name        = "terraform-both"
  alarm_description = "both at once"
  alarm_rule        = "ALARM(${aws_cloudwatch_metric_alarm.simple.alarm_name}) AND ALARM(${aws_cloudwatch_metric_alarm.math.alarm_name})"
  tags = {
    team = var.team
  }
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = "terraform-main"
  dashboard_body = jsonencode({
    widgets = [{
      type   = "metric"
      x      = 0
      y      = 0
      width  = 12
      height = 6
      properties = {
        metrics = [["Mine", "Errors", "host", "a"]]
        period  = 300
        stat    = "Sum"
        region  = "us-east-1"
        title   = var.team
      }
    }]
  })
}

output "simple_arn" {
  value = aws_cloudwatch_metric_alarm.simple.arn
}

output "dashboard_arn" {
  value = aws_cloudwatch_dashboard.main.dashboard_arn
}
