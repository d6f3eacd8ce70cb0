package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/voxfit/voxfit/internal/release"
)

// writeImages writes an image for containers for each Linux platform: FROM scratch, with kbench and its licences.
// docker load, podman and Apptainer can read it.
func writeImages(module, work, dist string, made time.Time) error {
	for _, p := range release.Programs {
		if p.OS != "linux" {
			continue
		}
		image, err := newImage(module, builtProgram(work, p), p, made)
		if err != nil {
			return err
		}
		tag, err := name.NewTag("voxfit/kbench:" + release.Version)
		if err != nil {
			return err
		}
		path := filepath.Join(dist, imageName(p))
		if err := tarball.WriteToFile(path, tag, image); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fmt.Println(filepath.Base(path))
	}
	return nil
}

func imageName(p platform) string {
	return fmt.Sprintf("kbench-%s-image-%s-%s.tar", release.Version, p.OS, p.Arch)
}

func newImage(module, program string, p platform, made time.Time) (v1.Image, error) {
	var files bytes.Buffer
	if err := writeTar(&files, []entry{
		{name: "usr/bin/kbench", from: program, executable: true},
		{name: "usr/share/doc/voxfit/LICENSE", from: filepath.Join(module, "LICENSE")},
		{name: "usr/share/doc/voxfit/NOTICE", from: filepath.Join(module, "NOTICE")},
	}, made); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: made}, CreatedBy: "voxfit packaging"},
	})
	if err != nil {
		return nil, err
	}
	configuration, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	configuration = configuration.DeepCopy()
	configuration.OS, configuration.Architecture, configuration.Created = p.OS, p.Arch, v1.Time{Time: made}
	configuration.Config = v1.Config{
		Entrypoint: []string{"/usr/bin/kbench"},
		Cmd:        []string{"--help"},
		WorkingDir: "/data",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "kbench",
			"org.opencontainers.image.version":  release.Version,
			"org.opencontainers.image.licenses": "BSD-3-Clause",
		},
	}
	return mutate.ConfigFile(image, configuration)
}
