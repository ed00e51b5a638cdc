# SPDX-License-Identifier: Apache-2.0

# Pictures, data sets, run folders and results. What is in it is never deleted
# from here.
resource "google_storage_bucket" "data" {
  name     = "${var.project}-${var.name}-data"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.needed]
}

# Staged binaries, pipelines and Dataflow's temporary files.
resource "google_storage_bucket" "staging" {
  name     = "${var.project}-${var.name}-staging"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  # Deleted files of a temporary kind would be paid for seven days longer.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.staging_days
    }
    action {
      type = "Delete"
    }
  }

  # Parts of uploads that were broken off.
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  depends_on = [google_project_service.needed]
}
