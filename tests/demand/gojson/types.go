package main

// The structs that engines decode a container's body into, by their fields' names and types: newest engines read
// create, engines up to 26 wrapper.

type create struct {
	*Config
	HostConfig       *HostConfig       `json:"HostConfig,omitempty"`
	NetworkingConfig *NetworkingConfig `json:"NetworkingConfig,omitempty"`
}

type wrapper struct {
	*Config
	InnerHostConfig  *HostConfig       `json:"HostConfig,omitempty"`
	Cpuset           string            `json:",omitempty"`
	NetworkingConfig *NetworkingConfig `json:"NetworkingConfig,omitempty"`
	*HostConfig
}

type Config struct {
	Hostname, Domainname, User             string
	AttachStdin, AttachStdout, AttachStderr bool
	ExposedPorts                           map[string]struct{} `json:",omitempty"`
	Tty, OpenStdin, StdinOnce              bool
	Env                                    []string
	Cmd                                    StrSlice
	Image                                  string
	Volumes                                map[string]struct{}
	WorkingDir                             string
	Entrypoint                             StrSlice
	Labels                                 map[string]string
	StopTimeout                            *int `json:",omitempty"`
}

// StrSlice is a string or an array of strings.
type StrSlice []string

type HostConfig struct {
	Binds                []string
	LogConfig            LogConfig
	NetworkMode          string
	PortBindings         map[string][]PortBinding
	RestartPolicy        RestartPolicy
	AutoRemove           bool
	VolumeDriver         string
	VolumesFrom          []string
	ConsoleSize          [2]uint
	Annotations          map[string]string `json:",omitempty"`
	CapAdd, CapDrop      StrSlice
	CgroupnsMode         string
	DNS                  []string `json:"Dns"`
	ExtraHosts, GroupAdd []string
	IpcMode, Cgroup      string
	Links                []string
	OomScoreAdj          int
	PidMode              string
	Privileged           bool
	PublishAllPorts      bool
	ReadonlyRootfs       bool
	SecurityOpt          []string
	StorageOpt           map[string]string `json:",omitempty"`
	Tmpfs                map[string]string `json:",omitempty"`
	UTSMode, UsernsMode  string
	ShmSize              int64
	Sysctls              map[string]string `json:",omitempty"`
	Runtime              string            `json:",omitempty"`
	Resources
	Mounts        []Mount `json:",omitempty"`
	MaskedPaths   []string
	ReadonlyPaths []string
	Init          *bool `json:",omitempty"`
}

type Resources struct {
	CPUShares         int64 `json:"CpuShares"`
	Memory            int64
	NanoCPUs          int64 `json:"NanoCpus"`
	CgroupParent      string
	BlkioWeight       uint16
	Devices           []Device
	DeviceCgroupRules []string
	DeviceRequests    []DeviceRequest
	MemorySwap        int64
	OomKillDisable    *bool
	PidsLimit         *int64
}

type LogConfig struct {
	Type   string
	Config map[string]string
}

type PortBinding struct {
	HostIP   string `json:"HostIp"`
	HostPort string
}

type RestartPolicy struct {
	Name              string
	MaximumRetryCount int
}

type Device struct {
	PathOnHost, PathInContainer, CgroupPermissions string
}

type DeviceRequest struct {
	Driver       string
	Count        int
	DeviceIDs    []string
	Capabilities [][]string
	Options      map[string]string
}

type Mount struct {
	Type, Source, Target string         `json:",omitempty"`
	ReadOnly             bool           `json:",omitempty"`
	VolumeOptions        *VolumeOptions `json:",omitempty"`
}

type VolumeOptions struct {
	Labels       map[string]string `json:",omitempty"`
	DriverConfig *Driver           `json:",omitempty"`
}

type Driver struct {
	Name    string            `json:",omitempty"`
	Options map[string]string `json:",omitempty"`
}

type NetworkingConfig struct {
	EndpointsConfig map[string]*Endpoint
}

type Endpoint struct {
	Links      []string
	DriverOpts map[string]string
	NetworkID  string
}
