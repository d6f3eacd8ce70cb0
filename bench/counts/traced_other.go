//go:build linux && !amd64

package main

import "errors"

const canTrace = false

var errNoTracer = errors.New("branches are known for amd64 alone")

func tracedSteps(*program, string) (map[string]count, error) { return nil, errNoTracer }

func tracedFits(*program, string, string) (map[string]count, error) { return nil, errNoTracer }
