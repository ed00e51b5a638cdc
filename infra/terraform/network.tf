# SPDX-License-Identifier: Apache-2.0

# Workers have no public addresses. They reach buckets, images and Dataflow by
# Private Google Access, and nothing else outside.
resource "google_compute_network" "jobs" {
  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.needed]
}

resource "google_compute_subnetwork" "workers" {
  name          = "${var.name}-workers"
  network       = google_compute_network.jobs.id
  region        = var.region
  ip_cidr_range = var.subnet_range

  private_ip_google_access = true
}

# Workers pass shuffled references to each other on these ports. Dataflow gives its
# machines the tag.
resource "google_compute_firewall" "shuffle" {
  name        = "${var.name}-shuffle"
  network     = google_compute_network.jobs.id
  description = "Between the workers of a Dataflow job."
  direction   = "INGRESS"
  source_tags = ["dataflow"]
  target_tags = ["dataflow"]

  allow {
    protocol = "tcp"
    ports    = ["12345-12346"]
  }
}
