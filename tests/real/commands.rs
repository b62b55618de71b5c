//! The docker CLI's commands that carry no stream of their own.
//!
//! In a script, `docker` is the CLI under test, `$N` the prefix of the names it may use, `$T` its own folder.

use crate::compare::On::{Both, Only26};
use crate::compare::Row;
use crate::compare::With::{Nobody, Others};

/// Looking.
pub(crate) const LOOK: &[Row] = &[
    Row("version", Both, Others, 0, "docker version"),
    Row("version format", Both, Others, 0, "docker version --format '{{json .Server.Components}}'"),
    Row("info", Both, Nobody, 0, "docker info | grep -v 'Runtimes:'"),
    Row("info format", Both, Others, 0, "docker info --format '{{.Driver}} {{.OSType}} {{json .SecurityOptions}}'"),
    Row("system df", Both, Nobody, 0, "docker system df && docker system df -v | sort"),
    Row("ps empty", Both, Others, 0, r#"docker ps --filter name="$N""#),
    Row("ps", Both, Others, 0, r#"docker run -d --name "$N-a" -l "of=$N" alpine sleep 100; docker create --name "$N-b" -l "of=$N" alpine
        docker ps --filter "label=of=$N"; docker ps -a --filter "label=of=$N"; docker ps -aq --no-trunc -f name="$N-a"
        docker ps -a --size --filter "label=of=$N" --format '{{.Names}} {{.Size}} {{.Image}}'; docker ps -n 1 -f "name=$N-b" -a --format '{{json .Labels}}'"#),
    Row("inspect container", Both, Others, 0, r#"docker create --name "$N-a" -e A=b -w /tmp -m 32m alpine echo "a b"; docker inspect "$N-a" | grep -vE 'Created|Pid'
        docker inspect -s -f '{{.SizeRootFs}}' "$N-a"; docker inspect --type container -f '{{json .Config.Cmd}}' "$N-a""#),
    Row("inspect finds the kind", Both, Others, 0, r#"docker volume create "$N-v"; docker network create "$N-n" >/dev/null
        docker inspect -f '{{.Name}}' "$N-v" "$N-n"; docker inspect -f '{{.Id}}' alpine"#),
    Row("inspect nothing", Both, Others, 1, "docker inspect no-such-thing"),
    Row("images", Both, Others, 0, r#"docker tag alpine "$N-i"; docker tag alpine "$N-i:b"; docker images "$N-i" | sed 's/ U *$//'; docker images -q "$N-i:b"
        docker images --digests --no-trunc "$N-i"; docker images -f "reference=$N-*" --format '{{.Repository}}:{{.Tag}}' | sort"#),
    Row("history", Both, Others, 0, "docker history alpine; docker history --no-trunc -H=false -q hello-world"),
    Row("image inspect", Both, Others, 0, "docker image inspect alpine hello-world"),
    Row("image inspect by digest", Both, Others, 0, r#"docker image inspect -f '{{.Architecture}}' "$(docker images -q --no-trunc alpine:latest)""#),
    Row("top", Both, Others, 0, r#"docker run -d --name "$N-a" alpine sleep 100; docker top "$N-a" | sed 's/[0-9][0-9:]*/0/g'; docker top "$N-a" -o pid,comm,args | sed 's/[0-9][0-9]*/0/'"#),
    Row("port", Both, Others, 0, r#"docker run -d --name "$N-a" -p 127.0.0.1::80 -p 127.0.0.1::90/udp alpine sleep 100; docker port "$N-a" | sed 's/[0-9]*$//' | sort; docker port "$N-a" 80 | cut -d: -f1; docker port "$N-a" 7"#).failing(1),
    Row("diff", Both, Others, 0, r#"docker run --name "$N-a" alpine sh -c 'echo x >/etc/new; rm /etc/group; mkdir /d'; docker diff "$N-a" | sort"#),
    Row("stats", Both, Others, 0, r#"docker run -d --name "$N-a" alpine sleep 100; docker stats --no-stream "$N-a" | sed 's/^[0-9a-f]\{12\}/ID/; s/[0-9.][0-9.]*[kKMG]*i*B/0B/g; s/[0-9]*$//; s/[0-9.]*%/0%/g'
        docker stats --no-stream --format '{{.Name}}' "$N-a"; docker stats --no-stream no-such-container"#).failing(1),
    Row("events until", Both, Others, 0, r#"from=$(date +%s); docker run --name "$N-a" -l "of=$N" alpine true; docker rm "$N-a"; to=$(($(date +%s) + 1))
        docker events --since $from --until $to --filter "label=of=$N" --format '{{.Type}} {{.Action}}'"#),
    Row("plugin ls", Both, Others, 0, "docker plugin ls; docker plugin inspect none").failing(1),
    Row("search", Both, Others, 1, "docker search localhost:5000/alpine"),
    Row("checkpoint ls", Both, Others, 0, r#"docker create --name "$N-a" alpine; docker checkpoint ls "$N-a""#),
];

/// Changing.
pub(crate) const CHANGE: &[Row] = &[
    Row(
        "lifecycle",
        Both,
        Others,
        0,
        r#"docker create --name "$N-a" alpine sleep 100 && docker start "$N-a" && docker pause "$N-a" && docker unpause "$N-a" &&
        docker restart -t 0 "$N-a" && docker kill "$N-a" && docker start "$N-a" && docker stop -t 0 "$N-a" && docker rm "$N-a""#,
    ),
    Row(
        "start what runs",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" alpine sleep 100; docker start "$N-a"; docker stop -t 0 "$N-a" "$N-a""#,
    ),
    Row(
        "rename",
        Both,
        Others,
        1,
        r#"docker create --name "$N-a" alpine; docker create --name "$N-b" alpine; docker rename "$N-a" "$N-c"; docker rename "$N-c" "$N-b""#,
    ),
    Row(
        "update",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" -m 64m alpine sleep 100; docker update -m 32m --memory-swap 64m --restart no "$N-a"; docker inspect -f '{{.HostConfig.Memory}}' "$N-a""#,
    ),
    Row(
        "rm what runs",
        Both,
        Others,
        1,
        r#"docker run -d --name "$N-a" alpine sleep 100; docker rm "$N-a""#,
    ),
    Row(
        "rm -fv",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" -v /data alpine sleep 100; docker rm -fv "$N-a"; docker rm -f "$N-none"; docker ps -aq -f name="$N""#,
    ),
    Row(
        "rm --link",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" alpine sleep 100; docker run -d --name "$N-b" --link "$N-a:al" --link "$N-a:be" alpine sleep 100
        docker inspect -f '{{.Name}}' "$N-b/al"; docker rm --link "$N-b/al"; docker inspect "$N-b/al"; docker rm --link "$N-b/al"; docker rm --link "$N-b"
        docker inspect -f '{{.HostConfig.Links}}' "$N-b"; docker rm -f "$N-b/be"; docker ps -a -f name="$N" --format '{{.Names}}'"#,
    ),
    Row(
        "names with slashes",
        Both,
        Others,
        0,
        r#"docker network create "$N-n/x" >/dev/null; docker create --name "$N-a" alpine; docker network connect "$N-n/x" "$N-a"
        docker network inspect -f '{{.Name}}' "$N-n/x"; docker network disconnect "$N-n/x" "$N-a"; docker network rm "$N-n/x" "$N-n/y"; docker volume rm "$N-v/x"; docker network ls -qf name="$N""#,
    ),
    Row(
        "container prune",
        Both,
        Others,
        0,
        r#"docker run --name "$N-a" -l "of=$N" alpine true; docker container prune -f --filter "label=of=$N""#,
    ),
    Row(
        "kill with signal",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" alpine sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'; sleep 0.5; docker kill -s USR1 "$N-a"; docker wait "$N-a""#,
    ),
    Row(
        "wait for several",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" alpine sh -c 'exit 3'; docker run -d --name "$N-b" alpine sh -c 'sleep 1; exit 4'; docker wait "$N-a" "$N-b""#,
    ),
    Row(
        "create conflict",
        Both,
        Others,
        1,
        r#"docker create --name "$N-a" alpine; docker create --name "$N-a" alpine"#,
    ),
    Row(
        "run, missing command",
        Both,
        Others,
        127,
        "docker run --rm alpine /no/such/command",
    ),
    Row(
        "run, missing image",
        Both,
        Others,
        125,
        "docker run --rm localhost:5000/no-such-image:zz",
    ),
    Row(
        "run, bad flag value",
        Both,
        Others,
        125,
        // The CLI sometimes adds what its own wait for the container came to.
        "docker run --rm --network no-such-network alpine true 2>err; code=$?; grep -v 'error waiting' err >&2; exit $code",
    ),
    Row(
        "run, many options",
        Both,
        Others,
        5,
        r#"docker run --rm --name "$N-a" -e A=1 -e 'B=x y&z=%41' -w /tmp -u 65534:65534 --hostname web --read-only --tmpfs /t:size=64k -m 32m --cpus 0.5 --pids-limit 50 --cap-drop ALL --security-opt no-new-privileges --ulimit nofile=99 --dns 10.9.9.9 --add-host a:10.0.0.1 -l x=y --init --network none --stop-signal INT --shm-size 1m alpine sh -c 'id -u; pwd; echo $A $B; hostname; ulimit -n; grep a$ /etc/hosts; cat /proc/1/comm; df -k /dev/shm | tail -1; exit 5'"#,
    ),
    Row(
        "run, volumes and binds",
        Both,
        Others,
        0,
        r#"echo host >"$T/f"; docker run --rm -v "$N-v:/v" -v "$T:/b:ro" --mount type=tmpfs,dst=/m alpine sh -c 'cat /b/f; echo kept >/v/f; touch /b/x 2>&1'; docker run --rm -v "$N-v:/v" alpine cat /v/f"#,
    ),
    Row(
        "run -p",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" -p 127.0.0.1::80 localhost:5000/fussybeaver/uhttpd; docker exec "$N-a" sh -c 'echo page >/www/index.html'; nsenter --net="$NETNS" curl -s "$(docker port "$N-a" 80)""#,
    ),
    Row(
        "run with a health check",
        Both,
        Others,
        0,
        r#"docker run -d --name "$N-a" --health-cmd true --health-interval 0.2s alpine sleep 100; for i in $(seq 50); do [ "$(docker inspect -f '{{.State.Health.Status}}' "$N-a")" = healthy ] && break; sleep 0.1; done; docker ps -f name="$N-a" -f health=healthy --format '{{.Names}}'"#,
    ),
    Row(
        "run --cidfile --env-file",
        Both,
        Others,
        0,
        r#"printf 'X=from file\n' >env; docker run --cidfile id --env-file env --name "$N-a" alpine sh -c 'echo $X'; wc -c <id"#,
    ),
    Row(
        "commit",
        Both,
        Others,
        0,
        r#"docker run --name "$N-a" alpine sh -c 'echo in >/f'; docker commit -m "a message" -a me -c 'CMD ["cat","/f"]' -c 'ENV K=v' "$N-a" "$N-i:t"; docker run --rm "$N-i:t"; docker inspect -f '{{.Comment}} {{.Author}} {{json .Config.Env}}' "$N-i:t""#,
    ),
    Row(
        "tag and rmi",
        Both,
        Others,
        1,
        r#"docker tag alpine "$N-i:a"; docker tag "$N-i:a" "$N-i:b"; docker rmi "$N-i:a" "$N-i:b"; docker rmi "$N-i:a""#,
    ),
    Row(
        "rmi in use",
        Both,
        Others,
        1,
        r#"docker tag alpine "$N-i"; docker create --name "$N-a" "$N-i"; docker rmi "$N-i"; docker rmi "$(docker images -q hello-world)""#,
    ),
    Row(
        "image prune",
        Both,
        Others,
        0,
        r#"printf 'FROM alpine\nLABEL of=%s\n' "$N" | docker build -q - >/dev/null; docker image prune -f --filter "label=of=$N" | sed 's/[0-9.]*[kM]*B$//'"#,
    ),
    Row(
        "network",
        Both,
        Others,
        0,
        r#"docker network create --subnet "10.2$((RANDOM % 50)).$((RANDOM % 250)).0/24" --internal --label "of=$N" -o com.docker.network.bridge.enable_icc=false "$N-n"
        docker network ls -f name="$N"; docker run -d --name "$N-a" alpine sleep 100; docker network connect --alias web "$N-n" "$N-a"
        docker run --rm --network "$N-n" alpine sh -c 'nslookup web >/dev/null 2>&1; echo looked'; docker network inspect -f '{{len .Containers}} {{.Internal}}' "$N-n"; docker network disconnect "$N-n" "$N-a"; docker network rm "$N-n""#,
    ),
    Row(
        "network prune",
        Both,
        Others,
        0,
        r#"docker network create --label "of=$N" "$N-n" >/dev/null; docker network prune -f --filter "label=of=$N""#,
    ),
    Row(
        "network errors",
        Both,
        Others,
        1,
        r#"docker network create "$N-n" >/dev/null; docker network create "$N-n"; docker network rm bridge; docker network inspect "$N-none""#,
    ),
    Row(
        "volume",
        Both,
        Others,
        0,
        r#"docker volume create --label "of=$N" --opt type=tmpfs --opt device=tmpfs --opt o=size=1m "$N-v"; docker volume ls -f name="$N"; docker volume inspect "$N-v" | grep -v CreatedAt
        docker run --rm -v "$N-v:/v" alpine sh -c 'df -k /v | tail -1'; docker volume rm "$N-v""#,
    ),
    Row(
        "volume in use",
        Both,
        Others,
        1,
        r#"docker create --name "$N-a" -v "$N-v:/v" alpine; docker volume rm "$N-v""#,
    ),
    Row(
        "volume prune",
        Both,
        Others,
        0,
        r#"docker volume create --label "of=$N" "$N-v"; docker volume prune -f --filter "label=of=$N" | sed 's/[0-9.]*[kM]*B$//'"#,
    ),
    Row(
        "volume prune -a",
        Only26,
        Others,
        0,
        r#"docker volume create --label "of=$N" "$N-v"; docker volume prune -a -f --filter "label=of=$N""#,
    ),
    Row(
        "push, pull, pull by digest",
        Both,
        Others,
        0,
        r#"i="localhost:5000/$N/one"; docker run --name "$N-a" alpine sh -c "echo $N >/f"; docker commit "$N-a" "$i:t" >/dev/null
        docker push "$i:t" | grep -v '^[0-9a-f]*: '; docker rmi "$i:t" >/dev/null; docker rm "$N-a" >/dev/null; docker pull "$i:t" | grep -v '^[0-9a-f]*: '; docker run --rm "$i:t" cat /f
        d=$(docker inspect -f '{{index .RepoDigests 0}}' "$i:t"); docker pull -q "$d"; docker pull -a -q "$i""#,
    ),
    Row(
        "pull what is not there",
        Both,
        Others,
        1,
        "docker pull localhost:5000/none; docker pull localhost:5000/alpine:none",
    ),
    Row(
        "pull for another platform",
        Both,
        Others,
        1,
        "docker pull --platform linux/riscv64 localhost:5000/none",
    ),
    Row(
        "push what is not there",
        Both,
        Others,
        1,
        r#"docker push localhost:5000/"$N"/none"#,
    ),
    Row(
        "login",
        Both,
        Others,
        0,
        "echo secret | docker login -u me --password-stdin localhost:5000 2>/dev/null; docker logout localhost:5000",
    ),
    Row(
        "plugin create",
        Both,
        Others,
        0,
        r#"mkdir -p p/rootfs; echo '{"description":"d","entrypoint":["/x"],"interface":{"types":["docker.volumedriver/1.0"],"socket":"x.sock"}}' >p/config.json
        docker plugin create "$N-p" p; docker plugin inspect -f '{{.Enabled}} {{.Config.Description}}' "$N-p"; docker plugin set "$N-p" A=b 2>&1; docker plugin rm "$N-p""#,
    ),
    Row(
        "system prune",
        Both,
        Nobody,
        0,
        r#"docker system prune -f --filter "label=of=$N" | sed -n '$s/:.*//p'"#,
    ),
    Row(
        "swarm",
        Both,
        Nobody,
        0,
        r#"docker swarm init --advertise-addr 10.98.0.1 | head -n 1; i=localhost:5000/alpine
        docker service create -q --detach --name "$N-s" --replicas 2 "$i" sh -c 'echo served; sleep 1000' >/dev/null
        for n in $(seq 100); do [ "$(docker service ls -f name="$N-s" --format '{{.Replicas}}')" = 2/2 ] && break; sleep 0.2; done
        docker service ls; docker service ps "$N-s" --format '{{.Name}} {{.DesiredState}}'; docker service inspect -f '{{.Spec.Name}} {{.Spec.Mode.Replicated.Replicas}}' "$N-s"
        sleep 1; docker service logs --raw "$N-s"; docker service scale -d "$N-s=1"; docker service update -q -d --env-add A=b "$N-s" >/dev/null; docker service rollback -q -d "$N-s" >/dev/null
        echo hush | docker secret create "$N-x" -; docker secret ls --format '{{.Name}}'; docker secret inspect -f '{{.Spec.Name}}' "$N-x"; docker secret rm "$N-x" >/dev/null
        echo plain | docker config create "$N-c" -; docker config ls --format '{{.Name}}'; docker config inspect -f '{{printf "%s" .Spec.Data}}' "$N-c"
        docker node ls --format '{{.Status}} {{.ManagerStatus}}'; docker node inspect self -f '{{.Spec.Role}}'; docker node update --label-add "a=b" "$(docker node ls -q)" >/dev/null; docker node ps --format '{{.Name}}' | sort -u
        docker swarm update --task-history-limit 2; docker swarm join-token -q worker | wc -c; docker network create -d overlay "$N-o" >/dev/null; docker network ls -f driver=overlay -f name="$N" --format '{{.Name}}'
        docker service rm "$N-s" >/dev/null; docker network rm "$N-o" >/dev/null; docker swarm leave -f"#,
    ),
    Row(
        "no swarm",
        Both,
        Nobody,
        1,
        "docker service ls; docker node ls; docker secret ls; docker swarm leave",
    ),
    Row(
        "stack",
        Both,
        Nobody,
        0,
        r#"docker swarm init --advertise-addr 10.98.0.1 >/dev/null; printf 'version: "3"\nservices:\n  w: {image: "localhost:5000/alpine", command: sleep 100}\n' >s.yml
        docker stack deploy -c s.yml "$N" 2>&1 | grep -v registry; docker stack ls; docker stack services "$N" --format '{{.Name}} {{.Mode}}'; docker stack rm "$N" 2>&1; docker swarm leave -f"#,
    ),
];

impl Row {
    /// The same row, whose last command is meant to fail.
    const fn failing(mut self, code: i32) -> Self {
        self.3 = code;
        self
    }
}

macro_rules! tests {
    ($($name:ident: $engine:literal, $cli:literal, $($table:path),*;)*) => {$(
        #[test]
        fn $name() {
            if let Some(pair) = crate::world::Pair::find($engine, $cli) {
                crate::compare::compare_all(&pair, &[$($table),*]);
            }
        }
    )*};
}
pub(crate) use tests;

tests! {
    engine_20_its_own_cli: "20", "DOODGATE_TEST_CLI_20", LOOK, CHANGE;
    engine_26_its_own_cli: "26", "DOODGATE_TEST_CLI_26", LOOK, CHANGE;
    engine_26_the_machines_cli: "26", "DOODGATE_TEST_CLI_LOCAL", LOOK, CHANGE;
}
