# SPDX-License-Identifier: Apache-2.0

# The services that jobs need. They stay when this is destroyed: others in the
# project may use them.
resource "google_project_service" "needed" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "cloudquotas.googleapis.com",
    "compute.googleapis.com",
    "dataflow.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "storage.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

# The images that infra/docker builds.
resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Worker images of Chromabeam."

  docker_config {
    # A job's image must not change while its workers start.
    immutable_tags = true
  }

  depends_on = [google_project_service.needed]
}
