//go:build unix

package python_test

import (
	"context"
	"fmt"

	"github.com/voxfit/voxfit/bench/python"
)

// The program counts the requests. It is a shell script in place of Python, because DIPY's imports would take
// seconds.
func Example() {
	counts := python.Program{Arguments: []string{"-c", `n=0; while read line; do n=$((n+1)); echo "{\"asked\": $n}"; done`}}
	var answer struct{ Asked int }
	p, err := python.Start(context.Background(), "sh", counts, "first", &answer)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	if err := p.Ask("second", &answer); err != nil {
		fmt.Println(err)
	}
	fmt.Println("asked", answer.Asked, "times")
	// Output: asked 2 times
}
