package cells_test

import (
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/voxfit/voxfit/study/internal/cells"
)

func Example() {
	_, err := csv.NewReader(strings.NewReader("time,cpu_count\n\"8.5,2\n")).ReadAll()
	fmt.Println(cells.RowError("runs.csv", err))
	fmt.Println(cells.Wrong("time", "-1", "seconds above 0"))
	fmt.Println(cells.Float(0.1))
	// Output:
	// runs.csv: line 2: extraneous or missing " in quoted-field
	// time is "-1", want seconds above 0
	// 0.1
}
