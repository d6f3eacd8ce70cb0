package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/sh"
)

// prepare fills in the defaults of the options struct that options points to. It refuses values outside of their
// ranges, and options that have no meaning with the values of the others. The tags of the struct say which these
// are. All constructors call it, so that Go, C, Python and the command line have the same rules.
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

// prepareChoice sets a field to its default choice where the field is zero and zero is none of the choices.
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

// given is a field's number as the user gave it: 0 where the field holds what stands for a given zero.
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

// valueInForce is a field's value in the form that ParseJSON reads. It is the name of a sphere that has one, and nil
// for a set of directions that the user left to the model.
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
