// Package errors has the one name that flannel asks for.
package errors

type TencentCloudSDKError struct{}

func (*TencentCloudSDKError) Error() string { return "built without the SDK" }
