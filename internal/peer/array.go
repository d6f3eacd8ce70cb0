package peer

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// An Array is a dense block of float64 in row-major order (the last index runs fastest).
type Array struct {
	Shape []int
	Data  []float64
}

// Arrays are the named arguments or results of one call.
type Arrays map[string]Array

// Matrix makes an Array of len(values)/columns rows from row-major values.
func Matrix(values []float64, columns int) Array {
	return Array{Shape: []int{len(values) / columns, columns}, Data: values}
}

// Matrix32 is Matrix for float32 values, which float64 holds exactly.
func Matrix32(values []float32, columns int) Array {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return Matrix(wide, columns)
}

// Vectors makes an n x 3 Array.
func Vectors(vectors [][3]float64) Array {
	flat := make([]float64, 0, 3*len(vectors))
	for _, v := range vectors {
		flat = append(flat, v[:]...)
	}
	return Matrix(flat, 3)
}

// Row returns row i of a matrix, without a copy.
func (a Array) Row(i int) []float64 {
	columns := a.Shape[len(a.Shape)-1]
	return a.Data[i*columns : (i+1)*columns]
}

// header is the line of JSON that precedes the bytes of the arrays, in questions and answers.
type header struct {
	Call    string         `json:"call,omitempty"`
	Options map[string]any `json:"options,omitempty"`
	Arrays  []entry        `json:"arrays"`
	Error   string         `json:"error,omitempty"`
}

// entry announces one array; its values follow the header as raw little-endian float64, in order.
type entry struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// send writes one message: the header as one line, then the values.
func send(w io.Writer, h header, arrays Arrays) error {
	buffer := bufio.NewWriterSize(w, 1<<16)
	names := slices.Sorted(maps.Keys(arrays))
	h.Arrays = []entry{}
	for _, name := range names {
		h.Arrays = append(h.Arrays, entry{name, arrays[name].Shape})
	}
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	buffer.Write(append(line, '\n'))
	var word [8]byte
	for _, name := range names {
		for _, v := range arrays[name].Data {
			binary.LittleEndian.PutUint64(word[:], math.Float64bits(v))
			buffer.Write(word[:])
		}
	}
	return buffer.Flush() // a bufio.Writer keeps its first error
}

// receive reads one message. A header that carries an error becomes that error.
func receive(r *bufio.Reader) (Arrays, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, fmt.Errorf("answer %.80q is not a JSON header: %w", line, err)
	}
	if h.Error != "" {
		return nil, fmt.Errorf("%s", h.Error)
	}
	arrays := Arrays{}
	for _, e := range h.Arrays {
		n := 1
		for _, extent := range e.Shape {
			n *= extent
		}
		raw := make([]byte, 8*n)
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, fmt.Errorf("array %s broke off, %d values expected: %w", e.Name, n, err)
		}
		data := make([]float64, n)
		for i := range data {
			data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		arrays[e.Name] = Array{e.Shape, data}
	}
	return arrays, nil
}
