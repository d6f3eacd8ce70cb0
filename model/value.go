package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/sh"
)

// set sets an option to a value of decoded JSON, in which numbers are json.Number.
func (s *Settings) set(o Option, value any) error {
	switch o.Kind {
	case ResponseOption:
		r, err := responseOf(value)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", s.kind.Name, s.spell(o.Name), err)
		}
		return s.SetResponse(r)
	case TissuesOption:
		tissues, err := tissuesOf(value)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", s.kind.Name, s.spell(o.Name), err)
		}
		return s.SetTissues(tissues)
	}
	field := s.options
	if _, own := findOption(s.all[:s.own], o.Name); !own {
		field = reflect.ValueOf(&s.shared).Elem()
	}
	s.given[o.Name] = true
	return s.setField(field.Field(o.field), o, value)
}

func (s *Settings) setField(field reflect.Value, o Option, value any) error {
	switch o.Kind {
	case BooleanOption:
		if is, ok := value.(bool); ok {
			field.SetBool(is)
			return nil
		}
	case ChoiceOption:
		if name, ok := value.(string); ok && setChoice(field, o, name) {
			return nil
		}
	case TextOption:
		return s.setISA(field, o, value)
	case IntegerOption, NumberOption:
		if x, ok := numberOf(value); ok && o.allows(x) {
			setNumber(field, o, x)
			return nil
		}
	default:
		return s.setVectors(field, o, value)
	}
	x, ok := numberOf(value)
	expected := o.expectedFor(x)
	if ok && math.IsInf(x, 0) {
		expected = strings.Replace(expected, "a number", "a finite number", 1)
	}
	return s.errorf(o.Name, "is %s, expected %s", show(value), expected)
}

// setVectors sets an option that is a set of numbers.
func (s *Settings) setVectors(field reflect.Value, o Option, value any) error {
	var err error
	switch o.Kind {
	case NumbersOption:
		var numbers []float64
		if numbers, err = numbersOf(value); err == nil && len(numbers) == 0 {
			err = noNumbers(o)
		}
		if err == nil {
			for _, x := range numbers {
				if !o.allows(x) {
					return s.errorf(o.Name, "is %s, expected %s", show(value), o.Expected())
				}
			}
			field.Set(reflect.ValueOf(numbers))
		}
	case EvalsOption:
		var evals [3]float64
		if evals, err = evalsOf(value); err == nil {
			field.Set(reflect.ValueOf(evals))
		}
	case DirectionsOption:
		var directions [][3]float64
		if directions, err = vectorsOf(value); err == nil {
			field.Set(reflect.ValueOf(directions))
		}
	case SphereOption:
		var sphere *sh.Sphere
		if sphere, err = sphereOf(value); err == nil {
			field.Set(reflect.ValueOf(sphere))
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", s.kind.Name, s.spell(o.Name), err)
	}
	return nil
}

// noNumbers is the error for an empty list. Whoever wants all shells leaves the option out.
func noNumbers(o Option) error { return fmt.Errorf("found none, expected %s", o.Expected()) }

// setISA takes the name of an instruction set that this machine has.
func (s *Settings) setISA(field reflect.Value, o Option, value any) error {
	name, ok := value.(string)
	name = strings.ToLower(name)
	if _, err := kernel.ChosenISA(kernel.WithISA(name)); !ok || name == "" || err != nil {
		return s.errorf(o.Name, "is %s, expected auto, or one that this machine has: %s", show(value), list(kernel.ISAs(), "or"))
	}
	field.SetString(name)
	return nil
}

// numberOf is a JSON number, or a string for one that JSON cannot write.
func numberOf(value any) (float64, bool) {
	switch v := value.(type) {
	case json.Number:
		x, err := v.Float64()
		return x, err == nil
	case string:
		x, err := strconv.ParseFloat(v, 64)
		return x, err == nil && (math.IsNaN(x) || math.IsInf(x, 0))
	}
	return 0, false
}

func setNumber(field reflect.Value, o Option, x float64) {
	if x == 0 && o.zero != "" {
		x, _ = strconv.ParseFloat(o.zero, 64)
	}
	if o.Kind == IntegerOption {
		field.SetInt(int64(x))
		return
	}
	field.SetFloat(x)
}

// setChoice sets a field whose values have names to the value of that name, in any case.
func setChoice(field reflect.Value, o Option, name string) bool {
	for _, choice := range o.Choices {
		if strings.EqualFold(choice, name) {
			if value, ok := choiceValue(field.Type(), choice); ok {
				field.Set(value)
				return true
			}
		}
	}
	return false
}

// choiceValue is the value of a type whose String method gives the name.
func choiceValue(t reflect.Type, name string) (reflect.Value, bool) {
	v := reflect.New(t).Elem()
	for i := range 16 {
		if v.CanInt() {
			v.SetInt(int64(i))
		} else {
			v.SetUint(uint64(i))
		}
		if text, ok := v.Interface().(fmt.Stringer); ok && strings.EqualFold(text.String(), name) {
			return v, true
		}
	}
	return v, false
}

// choiceOf is the name of a field's value among the choices; the default where it is none of them.
func choiceOf(field reflect.Value, o Option) string {
	name := strings.ToLower(fmt.Sprint(field.Interface()))
	for _, choice := range o.Choices {
		if choice == name {
			return name
		}
	}
	return o.Choices[0]
}

// show writes a value as it was given, cut where a line would become long.
func show(value any) string {
	text := []rune(shown(value))
	if len(text) > 60 {
		return string(text[:57]) + "..."
	}
	return string(text)
}

// shown writes a value, and each value of a list: strings in quotes, unless they stand for numbers that JSON cannot write.
func shown(value any) string {
	switch v := value.(type) {
	case json.Number:
		if x, err := v.Float64(); err == nil {
			return fmt.Sprint(x)
		}
		return v.String()
	case string:
		if x, ok := numberOf(v); ok {
			return fmt.Sprint(x)
		}
		return strconv.Quote(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = shown(item)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// numbersOf reads a list of numbers. A single number is a list of one. An empty text, which a command line may have,
// is an empty list.
func numbersOf(value any) ([]float64, error) {
	items, ok := value.([]any)
	if !ok && value != "" {
		items = []any{value}
	}
	numbers := make([]float64, 0, len(items)) // not nil: that would mean that the option was not given
	for _, item := range items {
		x, ok := numberOf(item)
		if !ok {
			return nil, fmt.Errorf("found %s, expected a number", show(item))
		}
		numbers = append(numbers, x)
	}
	return numbers, nil
}

func evalsOf(value any) ([3]float64, error) {
	numbers, err := numbersOf(value)
	if err != nil {
		return [3]float64{}, err
	}
	if len(numbers) != 3 {
		return [3]float64{}, fmt.Errorf("found %s, expected 3 diffusivities in mm2/s, the largest first, as 0.0017,0.0003,0.0003", plural.Count(len(numbers), "number"))
	}
	evals := [3]float64(numbers)
	return evals, checkFascicle(evals)
}

// checkFascicle refuses numbers that are not diffusivities, that are not axially symmetric, or that are equal along
// and across the fascicle.
func checkFascicle(e [3]float64) error {
	if err := acq.CheckDiffusivities(e); err != nil {
		return err
	}
	switch {
	case e[1] != e[2]:
		return fmt.Errorf("found %v and %v across a fascicle, expected equal ones", e[1], e[2])
	case e[0] == e[1]:
		return fmt.Errorf("found %v along and across a fascicle, expected a larger one along it", e[0])
	}
	return nil
}

func vectorsOf(value any) ([][3]float64, error) {
	if value == "" {
		value = []any{}
	}
	if text, ok := value.(string); ok {
		return nil, fmt.Errorf("found %s, expected unit vectors", show(text))
	}
	rows, err := rowsOf(value)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("found none, expected unit vectors")
	}
	directions := make([][3]float64, len(rows))
	for i, row := range rows {
		if len(row) != 3 {
			return nil, fmt.Errorf("vector %d (counted from 1) has %s, expected 3", i+1, plural.Count(len(row), "number"))
		}
		directions[i] = [3]float64(row)
		if !acq.IsUnit(directions[i]) {
			return nil, fmt.Errorf("vector %d (counted from 1) is %v, expected a unit vector", i+1, row)
		}
	}
	return directions, nil
}

// rowsOf reads a list of lists of numbers.
func rowsOf(value any) ([][]float64, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("found %s, expected a list of lists of numbers", show(value))
	}
	rows := [][]float64{}
	for _, item := range items {
		if _, ok := item.([]any); !ok {
			return nil, fmt.Errorf("found %s, expected a list of lists of numbers", show(value))
		}
		row, err := numbersOf(item)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// sphereOf reads a sphere: the name of a hemisphere, a list of vertices, or an object with vertices and the edges
// between neighbours. Without edges, each vertex also stands for its antipode, and the edges are those of the hull.
func sphereOf(value any) (*sh.Sphere, error) {
	if name, ok := value.(string); ok && name != "" {
		return sh.Hemisphere(strings.ToLower(name))
	}
	parts, ok := value.(map[string]any)
	if !ok {
		parts = map[string]any{"vertices": value}
	}
	if err := onlyKeys(parts, "vertices", "edges"); err != nil {
		return nil, err
	}
	if parts["vertices"] == nil {
		return nil, errors.New("found no vertices, expected a list of unit vectors")
	}
	vertices, err := vectorsOf(parts["vertices"])
	if err != nil {
		return nil, err
	}
	if parts["edges"] == nil {
		sphere, err := sh.NewHemisphere("given", vertices)
		if err != nil {
			return nil, fmt.Errorf("%s and the opposites lie in one plane, expected a set that fills space", plural.Count(len(vertices), "given vertex"))
		}
		return sphere, nil
	}
	rows, err := rowsOf(parts["edges"])
	if err != nil {
		return nil, fmt.Errorf("edges: %w", err)
	}
	if len(rows) == 0 { // each vertex would be a peak
		return nil, errors.New("edges: found none, expected pairs of neighbours; where edges are left out, they are those of the hull")
	}
	s := &sh.Sphere{Name: "given", Vertices: vertices}
	for i, row := range rows {
		if len(row) != 2 || !vertexNumber(row[0], len(vertices)) || !vertexNumber(row[1], len(vertices)) {
			return nil, fmt.Errorf("edge %d (counted from 1) is %v, expected the numbers of two of %s, counted from 0", i+1, row, plural.Count(len(vertices), "vertex"))
		}
		s.Edges = append(s.Edges, [2]int{int(row[0]), int(row[1])})
	}
	return s, nil
}

func vertexNumber(x float64, vertices int) bool {
	return x == math.Trunc(x) && x >= 0 && x < float64(vertices)
}

func onlyKeys(parts map[string]any, known ...string) error {
	for key := range parts {
		found := false
		for _, k := range known {
			found = found || k == key
		}
		if !found {
			return fmt.Errorf("found the key %q, expected %s", key, list(known, "and"))
		}
	}
	return nil
}

// responseOf reads an object with evals and s0, or with zonal and perhaps bvals.
func responseOf(value any) (acq.Response, error) {
	parts, ok := value.(map[string]any)
	if !ok {
		return acq.Response{}, fmt.Errorf("found %s, expected evals and s0, or zonal and perhaps bvals", show(value))
	}
	if err := onlyKeys(parts, "evals", "s0", "zonal", "bvals"); err != nil {
		return acq.Response{}, err
	}
	if (parts["zonal"] == nil) == (parts["evals"] == nil) || parts["zonal"] == nil && parts["bvals"] != nil || parts["zonal"] != nil && parts["s0"] != nil {
		return acq.Response{}, fmt.Errorf("expected evals and s0, or zonal and perhaps bvals")
	}
	if parts["zonal"] == nil {
		numbers, err := numbersOf(parts["evals"])
		if err != nil {
			return acq.Response{}, err
		}
		if parts["s0"] != nil {
			s0, err := numbersOf(parts["s0"])
			if err != nil {
				return acq.Response{}, err
			}
			numbers = append(numbers, s0...)
		}
		return acq.TensorResponse(numbers)
	}
	rows, err := rowsOf(parts["zonal"])
	if err != nil {
		return acq.Response{}, fmt.Errorf("zonal: %w", err)
	}
	r := acq.Response{Zonal: rows}
	if parts["bvals"] != nil {
		if r.Bvals, err = numbersOf(parts["bvals"]); err != nil {
			return acq.Response{}, fmt.Errorf("bvals: %w", err)
		}
	}
	return r, r.Check()
}

// tissuesOf reads a list of responses, each of which also has a name.
func tissuesOf(value any) ([]Tissue, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("found %s, expected a list with a response for each tissue", show(value))
	}
	var tissues []Tissue
	for i, item := range items {
		parts, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("found %s, expected a name, and evals and s0, or zonal and perhaps bvals", show(item))
		}
		name, ok := parts["name"].(string)
		if !ok {
			return nil, fmt.Errorf("tissue %d (counted from 1) has no name", i+1)
		}
		rest := map[string]any{}
		for key, part := range parts {
			if key != "name" {
				rest[key] = part
			}
		}
		r, err := responseOf(rest)
		if err != nil {
			return nil, fmt.Errorf("tissue %s: %w", name, err)
		}
		tissues = append(tissues, Tissue{name, r})
	}
	return tissues, nil
}

// fromText turns an argument of the command line into the value that decoded JSON would hold.
func (s *Settings) fromText(o Option, text string) (any, error) {
	switch o.Kind {
	case EvalsOption, NumbersOption:
		return numberList(text), nil
	case ResponseOption:
		return tensorParts(text), nil
	case TissuesOption:
		return tissueList(text), nil
	case DirectionsOption, SphereOption:
		if text == "" || o.namesSphere(text) {
			return text, nil
		}
		if !IsNumbers(text) {
			directions, err := acq.ReadMRtrixDirections(text)
			if err != nil && o.Kind == SphereOption {
				err = fmt.Errorf("%w; DIPY's spheres are called %s", err, list(sh.Hemispheres(), "and"))
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", s.kind.Name, s.spell(o.Name), err)
			}
			return vectorList(directions), nil
		}
		rows := []any{}
		for _, row := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' }) {
			rows = append(rows, numberList(row))
		}
		return rows, nil
	}
	return literal(text), nil
}

// literal turns a text into a number or a truth value if it looks like one, because there are no quotes on the
// command line that would tell.
func literal(text string) any {
	if text == "true" || text == "false" {
		return text == "true"
	}
	return jsonNumber(text)
}

// tensorParts is a response in tensor form as JSON has it.
func tensorParts(text string) map[string]any {
	numbers := numberList(text)
	n := min(3, len(numbers))
	return map[string]any{"evals": numbers[:n], "s0": numbers[n:]}
}

// tissueList is a list of responses in tensor form, "e1,e2,e3,S0;e1,e2,e3,S0", with the names of NameTissues.
func tissueList(text string) []any {
	rows := strings.Split(text, ";")
	var tissues []any
	for i, t := range NameTissues(make([]acq.Response, len(rows))) {
		parts := tensorParts(rows[i])
		parts["name"] = t.Name
		tissues = append(tissues, parts)
	}
	return tissues
}

// IsTissues says whether an argument of the command line holds the numbers of several tissues.
func IsTissues(text string) bool { return IsNumbers(text) && strings.Contains(text, ";") }

// ParseTissues reads responses in tensor form from the command line, "e1,e2,e3,S0;e1,e2,e3,S0": WM, GM and CSF.
func ParseTissues(text string) ([]Tissue, error) { return tissuesOf(tissueList(text)) }

// jsonNumber turns a text into a number of decoded JSON. What JSON cannot write as a number (NaN, infinity, words)
// stays a string. A number that is too large for a float64 stays as it is written.
func jsonNumber(text string) any {
	x, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) {
		return json.Number(text)
	}
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return text
	}
	return json.Number(strconv.FormatFloat(x, 'g', -1, 64))
}

func separates(r rune) bool { return r == ',' || unicode.IsSpace(r) }

func numberList(text string) []any {
	numbers := []any{}
	for _, field := range strings.FieldsFunc(text, separates) {
		numbers = append(numbers, jsonNumber(field))
	}
	return numbers
}

func vectorList(directions [][3]float64) []any {
	rows := make([]any, len(directions))
	for i, d := range directions {
		row := make([]any, 3)
		for k, x := range d {
			row[k] = jsonNumber(strconv.FormatFloat(x, 'g', -1, 64))
		}
		rows[i] = row
	}
	return rows
}

// namesSphere says whether an argument of the command line is the name of a sphere.
func (o Option) namesSphere(text string) bool {
	return o.Kind == SphereOption && slices.Contains(sh.Hemispheres(), strings.ToLower(text))
}

// NamesFile says whether an argument of the command line is the name of a file with a set of directions.
func (o Option) NamesFile(text string) bool {
	return (o.Kind == DirectionsOption || o.Kind == SphereOption) && text != "" && !o.namesSphere(text) && !IsNumbers(text)
}

// IsNumbers says whether an argument of the command line holds numbers and is not the name of a file.
func IsNumbers(text string) bool {
	if strings.TrimSpace(text) == "" {
		return false
	}
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || separates(r) }) {
		if _, err := strconv.ParseFloat(field, 64); err != nil {
			return false
		}
	}
	return true
}
