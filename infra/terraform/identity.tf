# SPDX-License-Identifier: Apache-2.0

# The workers are this account and no other: it may take part in Dataflow jobs,
# use objects of two buckets, read those of the buckets with pictures, and pull
# the images.
resource "google_service_account" "worker" {
  account_id   = "${var.name}-worker"
  display_name = "Workers of Chromabeam's Dataflow jobs"
}

resource "google_project_iam_member" "worker" {
  project = var.project
  role    = "roles/dataflow.worker"
  member  = google_service_account.worker.member
}

# objectUser reads, lists, writes and deletes objects, but cannot change rights.
resource "google_storage_bucket_iam_member" "worker" {
  for_each = local.buckets

  bucket = each.value
  role   = "roles/storage.objectUser"
  member = google_service_account.worker.member
}

resource "google_storage_bucket_iam_member" "worker_input" {
  for_each = toset(var.input_buckets)

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.worker.member
}

resource "google_artifact_registry_repository_iam_member" "worker" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.worker.member
}

# Whoever submits a job plans it and puts its results together, so that they use
# the same objects as the workers, list the buckets with pictures, and may let
# Dataflow act as the workers' account.
resource "google_project_iam_member" "submitter" {
  for_each = toset(var.submitters)

  project = var.project
  role    = "roles/dataflow.developer"
  member  = each.value
}

resource "google_service_account_iam_member" "submitter" {
  for_each = toset(var.submitters)

  service_account_id = google_service_account.worker.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_storage_bucket_iam_member" "submitter" {
  for_each = {
    for pair in setproduct(keys(local.buckets), var.submitters) : join(" ", pair) => {
      bucket = local.buckets[pair[0]], member = pair[1]
    }
  }

  bucket = each.value.bucket
  role   = "roles/storage.objectUser"
  member = each.value.member
}

resource "google_storage_bucket_iam_member" "submitter_input" {
  for_each = {
    for pair in setproduct(var.input_buckets, var.submitters) : join(" ", pair) => {
      bucket = pair[0], member = pair[1]
    }
  }

  bucket = each.value.bucket
  role   = "roles/storage.objectViewer"
  member = each.value.member
}

locals {
  buckets = {
    data    = google_storage_bucket.data.name
    staging = google_storage_bucket.staging.name
  }
}
