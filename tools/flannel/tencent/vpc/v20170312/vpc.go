// Package v20170312 stands in for the SDK that flannel's backend tencent-vpc calls: every call is refused.
package v20170312

import "errors"

var errWithoutSDK = errors.New("built without the SDK")

type Client struct{}

type Filter struct {
	Name   *string
	Values []*string
}

type Route struct {
	DestinationCidrBlock, GatewayType, GatewayId, RouteType *string
	RouteId                                                 *uint64
	Enabled                                                 *bool
}

type RouteTable struct {
	RouteTableId *string
	RouteSet     []*Route
}

type RouteTables struct{ RouteTableSet []*RouteTable }

type Request struct {
	Filters      []*Filter
	RouteTableId *string
	Routes       []*Route
}

type Response struct{ Response *RouteTables }

func NewClientWithSecretId(_, _, _ string) (*Client, error) { return &Client{}, nil }

func NewCreateRoutesRequest() *Request { return &Request{} }

func NewDeleteRoutesRequest() *Request { return &Request{} }

func NewDescribeRouteTablesRequest() *Request { return &Request{} }

func (*Client) CreateRoutes(*Request) (*Response, error) { return nil, errWithoutSDK }

func (*Client) DeleteRoutes(*Request) (*Response, error) { return nil, errWithoutSDK }

func (*Client) DescribeRouteTables(*Request) (*Response, error) { return nil, errWithoutSDK }
