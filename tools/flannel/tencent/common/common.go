// Package common stands in for the SDK that flannel's backend tencent-vpc calls: it compiles, and reaches no cloud.
package common

func BoolPtr(value bool) *bool { return &value }

func StringPtr(value string) *string { return &value }

func StringPtrs(values []string) []*string {
	pointers := make([]*string, len(values))
	for i := range values {
		pointers[i] = &values[i]
	}
	return pointers
}
