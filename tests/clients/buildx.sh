# buildx over POST /grpc and POST /session.
echo "$N" >file
printf 'FROM alpine\nCOPY file /file\nRUN cat /file >/copy\n' >Dockerfile
docker buildx build --progress plain --no-cache -t "$N-i" . >log 2>&1 || cat log
docker run --rm "$N-i" cat /copy
