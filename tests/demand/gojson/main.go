// Decodes container bodies as engines do, one in hexadecimal digits a line, and says of each what it asks of the
// host and what was decoded.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

func (s *StrSlice) UnmarshalJSON(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	words := make([]string, 0, 1)
	if err := json.Unmarshal(b, &words); err != nil {
		var word string
		if err := json.Unmarshal(b, &word); err != nil {
			return err
		}
		words = append(words, word)
	}
	*s = words
	return nil
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		body, err := hex.DecodeString(in.Text())
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(out, "%s\t%s\n", newest(body), oldest(body))
	}
}

// As httputils.ReadJSON does on newest engines: a second document is refused, a stray bracket is not.
func newest(body []byte) string {
	var c create
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&c); err != nil || decoder.More() {
		return "refused\t"
	}
	return answer(c, c.HostConfig, c.NetworkingConfig)
}

// As engine 20.10 does: what follows the document is ignored.
func oldest(body []byte) string {
	var w wrapper
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&w); err != nil {
		return "refused\t"
	}
	host := w.HostConfig
	if inner := w.InnerHostConfig; inner != nil {
		if host != nil && host.VolumeDriver != "" && inner.VolumeDriver == "" {
			inner.VolumeDriver = host.VolumeDriver
		}
		host = inner
	}
	return answer(w, host, w.NetworkingConfig)
}

func answer(decoded any, host *HostConfig, networking *NetworkingConfig) string {
	text, err := json.Marshal(decoded)
	if err != nil {
		panic(err)
	}
	return strings.Join(dangers(host, networking), " ") + "\t" + string(text)
}

// dangers names the grants that a body needs, with alternatives in the form a|b.
func dangers(host *HostConfig, networking *NetworkingConfig) []string {
	found := map[string]bool{}
	note := func(is bool, kind string) {
		if is {
			found[kind] = true
		}
	}
	if host == nil {
		host = &HostConfig{}
	}
	for _, bind := range host.Binds {
		note(strings.HasPrefix(bind, "/") && strings.Contains(bind, ":"), "bind")
	}
	for _, mount := range host.Mounts {
		note(mount.Type == "bind", "bind")
		note(mount.Type == "npipe" || mount.Type == "cluster", "mount-type")
		if o := mount.VolumeOptions; o != nil && o.DriverConfig != nil {
			note(o.DriverConfig.Name != "" && o.DriverConfig.Name != "local", "volume-driver")
			kind := o.DriverConfig.Options
			note(len(kind) > 0 && (kind["type"] != "tmpfs" || strings.Contains(kind["o"], "bind")), "bind|volume-option")
		}
	}
	note(host.VolumeDriver != "" && host.VolumeDriver != "local", "volume-driver")
	note(len(host.VolumesFrom) > 0 && host.VolumesFrom[0] != "", "volumes-from")
	note(host.NetworkMode == "host" || strings.HasPrefix(host.NetworkMode, "container:"), "network-mode")
	note(host.PidMode != "", "pid-mode")
	note(host.IpcMode == "host" || strings.HasPrefix(host.IpcMode, "container:"), "ipc-mode")
	note(host.UTSMode != "", "uts-mode")
	note(host.UsernsMode != "", "userns-mode")
	note(host.CgroupnsMode == "host", "cgroupns-mode")
	note(host.Cgroup != "", "cgroup")
	note(host.CgroupParent != "", "cgroup-parent")
	note(host.Privileged, "privileged")
	note(host.PublishAllPorts, "publish-all")
	note(host.Runtime != "", "runtime")
	note(host.OomScoreAdj < 0, "oom-score-adj")
	note(host.OomKillDisable != nil && *host.OomKillDisable, "oom-kill-disable")
	note(len(host.Sysctls) > 0, "sysctl")
	note(len(host.Annotations) > 0, "annotation")
	note(len(host.StorageOpt) > 0, "storage-opt")
	note(len(host.Devices) > 0, "device")
	note(len(host.DeviceRequests) > 0, "device-request|gpu")
	note(len(host.DeviceCgroupRules) > 0 && host.DeviceCgroupRules[0] != "", "device-cgroup-rule")
	note(host.MaskedPaths != nil && len(host.MaskedPaths) < 4, "masked-path")
	note(host.ReadonlyPaths != nil && len(host.ReadonlyPaths) < 4, "readonly-path")
	note(host.RestartPolicy.Name == "always", "restart")
	note(host.LogConfig.Type == "syslog", "log-driver")
	for _, option := range host.SecurityOpt {
		note(strings.Contains(option, "unconfined"), "security-opt")
	}
	for _, capability := range host.CapAdd {
		note(strings.Contains(strings.ToUpper(capability), "SYS_ADMIN") || strings.EqualFold(capability, "all"), "cap-add")
	}
	for _, group := range host.GroupAdd {
		note(group != "", "group-add")
	}
	for _, line := range host.ExtraHosts {
		note(strings.HasSuffix(line, ":host-gateway"), "extra-host")
	}
	for _, bindings := range host.PortBindings {
		for _, binding := range bindings {
			note(binding.HostIP == "0.0.0.0" || binding.HostIP == "", "ports")
		}
	}
	if networking != nil {
		for key, endpoint := range networking.EndpointsConfig {
			note(key == "host" || endpoint != nil && endpoint.NetworkID == "host", "network-mode")
			note(endpoint != nil && len(endpoint.DriverOpts) > 0, "network-option")
		}
	}
	kinds := make([]string, 0, len(found))
	for kind := range found {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	return kinds
}
