package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/sh"
)

// prepare fills in the defaults of an options struct, given by its pointer, and refuses values that are out of their
// ranges or have no meaning beside the others: what the tags say. All constructors call it, so that Go, C, Python and
// the command line have the same rules.
func prepare(options any) error {
	v := reflect.ValueOf(options).Elem()
	all := optionsOf(v.Type())
	for _, o := range all {
		if err := prepareChoice(v.Field(o.field), o); err != nil {
			return err
		}
	}
	for _, o := range all {
		field := v.Field(o.field)
		if o.With != nil {
			other, _ := findOption(all, o.With.Option)
			if value := choiceOf(v.Field(other.field), other); !slices.Contains(o.With.Values, value) {
				if !field.IsZero() {
					return fmt.Errorf("%s is for %s %s; %s is %s", o.Name, other.Name, list(o.With.Values, "or"), other.Name, value)
				}
				continue
			}
		}
		if err := prepareField(field, o); err != nil {
			return err
		}
	}
	return nil
}

// prepareChoice makes the first choice of a value that stands for the default.
func prepareChoice(field reflect.Value, o Option) error {
	if o.Kind != ChoiceOption {
		return nil
	}
	name := strings.ToLower(fmt.Sprint(field.Interface()))
	if slices.Contains(o.Choices, name) {
		return nil
	}
	if !field.IsZero() {
		return fmt.Errorf("%s is %v, expected %s", o.Name, field.Interface(), o.Expected())
	}
	if o.Default != nil {
		setChoice(field, o, o.Default.(string))
	}
	return nil
}

func prepareField(field reflect.Value, o Option) error {
	switch o.Kind {
	case IntegerOption, NumberOption:
		if field.IsZero() {
			if o.Default == nil {
				return nil
			}
			field.Set(reflect.ValueOf(o.Default).Convert(field.Type()))
		}
		if x := given(field, o); !o.allows(x) {
			return fmt.Errorf("%s is %v, expected %s", o.Name, x, o.expectedFor(x))
		}
	case EvalsOption:
		if field.IsZero() && o.Default != nil {
			field.Set(reflect.ValueOf([3]float64(o.Default.([]float64))))
		}
		if err := checkFascicle(field.Interface().([3]float64)); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
	case NumbersOption:
		list := field.Interface().([]float64)
		if list != nil && len(list) == 0 {
			return fmt.Errorf("%s: %w", o.Name, noNumbers(o))
		}
		for _, x := range list {
			if !o.allows(x) {
				return fmt.Errorf("%s is %v, expected %s", o.Name, field.Interface(), o.Expected())
			}
		}
	case DirectionsOption:
		if list := field.Interface().([][3]float64); list != nil && len(list) == 0 {
			return fmt.Errorf("%s: found none, expected unit vectors", o.Name)
		}
	case SphereOption:
		if field.IsNil() && o.Default != nil {
			sphere, err := sh.Hemisphere(o.Default.(string))
			if err != nil {
				return err
			}
			field.Set(reflect.ValueOf(sphere))
		}
		if s := field.Interface().(*sh.Sphere); s != nil && len(s.Vertices) == 0 {
			return fmt.Errorf("%s: found none, expected unit vectors", o.Name)
		}
	}
	return nil
}

// given is a field's number as a user would give it: zero for what stands for a zero.
func given(field reflect.Value, o Option) float64 {
	var x float64
	if field.CanInt() {
		x = float64(field.Int())
	} else {
		x = field.Float()
	}
	if o.zero != "" && fmt.Sprint(x) == o.zero {
		return 0
	}
	return x
}

// valueInForce is a field's value as JSON takes it again. A set of directions that is the model's own is nil; a
// sphere that has a name is that.
func valueInForce(field reflect.Value, o Option) any {
	switch o.Kind {
	case ChoiceOption:
		return choiceOf(field, o)
	case IntegerOption:
		return int(given(field, o))
	case NumberOption:
		return given(field, o)
	case NumbersOption, DirectionsOption, SphereOption:
		if field.IsNil() {
			return nil
		}
		if s, ok := field.Interface().(*sh.Sphere); ok {
			if slices.Contains(sh.Hemispheres(), s.Name) {
				return s.Name
			}
			return s.Vertices
		}
	}
	return field.Interface()
}
