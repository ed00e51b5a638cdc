// SPDX-License-Identifier: Apache-2.0

//go:build linux

package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
)

// container is an image's tree on this machine, and how its containers are started.
type container struct {
	root string
	// tmp stands for the image's /tmp, and is the working directory.
	tmp string
	env []string
	// user is who its processes run as; nil where the test may not choose.
	user *syscall.Credential
}

func newContainer(t *testing.T, b builder) container {
	t.Helper()
	dir := t.TempDir()
	c := container{root: filepath.Join(dir, "image"), tmp: filepath.Join(dir, "tmp")}
	b.assemble(t, c.root, "cpu")
	if err := os.Mkdir(c.tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		c.user = lookUp(t, b.file.stages["cpu"].argument(t, "WORKER_USER"))
		// A temporary folder's own parent is for its owner alone.
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(c.tmp, int(c.user.Uid), int(c.user.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	c.env = b.inside(c.root, c.tmp, "cpu")
	return c
}

func lookUp(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (c container) program() string { return filepath.Join(c.root, "opt/chromabeam/bin/chromabeam") }

// command is a call of the image's program, as in docker run --entrypoint chromabeam.
func (c container) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.program(), args...)
	cmd.Dir, cmd.Env = c.tmp, c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	return cmd
}

// starter writes the script that a job service starts workers with. It does what an
// engine does: it sets user, environment and working directory.
func (c container) starter(t *testing.T) string {
	t.Helper()
	worker, err := os.ReadFile("../flink/worker.sh")
	if err != nil {
		t.Fatal(err)
	}
	env := append(slices.Clone(c.env), "CHROMABEAM_BOOT="+filepath.Join(c.root, "opt/apache/beam/boot"), "CHROMABEAM_WORK="+c.tmp)
	become := ""
	if c.user != nil {
		become = fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups ", c.user.Uid, c.user.Gid)
	}
	// Not exec: prism kills what it has started without a word, and worker.sh ends its
	// worker when its parent is gone.
	text := fmt.Sprintf("#!/bin/sh\ncd '%s' && %senv -i '%s' bash '%s/worker.sh' \"$@\"\nexit $?\n",
		c.tmp, become, strings.Join(env, "' '"), c.tmp)
	for name, data := range map[string][]byte{"worker.sh": worker, "start.sh": []byte(text)} {
		if err := os.WriteFile(filepath.Join(c.tmp, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(c.tmp, "start.sh")
}

// ended waits for the last worker, whose folder is removed when it has ended, and looks
// what boot has left in the working directory.
func (c container) ended(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for {
		left, err := filepath.Glob(filepath.Join(c.tmp, "worker.*"))
		left = slices.DeleteFunc(left, func(name string) bool { return strings.HasSuffix(name, ".sh") })
		if err != nil || len(left) == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("workers are left: %v", left)
		}
	}
	// prepare is two jobs, and bulk one.
	log, err := os.ReadFile(filepath.Join(c.tmp, "boot.log"))
	if got := bytes.Count(log, []byte("Provision info")); err != nil || got != 3 {
		t.Errorf("boot was started %d times, want 3: %v\n%s", got, err, log)
	}
}

// startPrism starts a job service and returns its address, which only its answers tell.
func startPrism(t *testing.T) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	client, err := prism.CreateJobServer(ctx, prism.Options{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Prepare(ctx, &jobpb.PrepareJobRequest{Pipeline: &pipepb.Pipeline{}, JobName: "address"})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetArtifactStagingEndpoint().GetUrl()
}
