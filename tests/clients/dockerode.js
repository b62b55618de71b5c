// dockerode: no API version in the path, every option in the query too, and streams without an upgrade.
const { PassThrough } = require('stream');
const Docker = require('dockerode');

const N = process.env.N;
const docker = new Docker({ socketPath: process.env.SOCKET });

const ended = (stream) => new Promise((resolve, reject) => stream.on('end', resolve).on('close', resolve).on('error', reject));

async function text(stream, tty) {
  const out = new PassThrough();
  const parts = [];
  out.on('data', (part) => parts.push(part));
  if (tty) stream.pipe(out); else docker.modem.demuxStream(stream, out, out);
  await ended(stream);
  return Buffer.concat(parts).toString();
}

async function main() {
  console.log('version', (await docker.version()).ApiVersion, 'ping', (await docker.ping()).toString());
  console.log('images', (await docker.listImages({ filters: { reference: ['alpine:latest'] } })).length);

  const out = new PassThrough();
  const parts = [];
  out.on('data', (part) => parts.push(part));
  const [result, box] = await docker.run('alpine', ['sh', '-c', 'echo hello; exit 3'], out, { name: N + '-run', Env: ['A=b c'], HostConfig: { Memory: 64e6 } });
  console.log('run', result.StatusCode, JSON.stringify(Buffer.concat(parts).toString()));
  await box.remove();

  const cat = await docker.createContainer({ Image: 'alpine', Cmd: ['cat'], name: N + '-cat', OpenStdin: true, StdinOnce: true, AttachStdin: true });
  const io = await cat.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
  await cat.start();
  io.end('typed\n');
  console.log('attach', JSON.stringify(await text(io)));
  console.log('wait', (await cat.wait()).StatusCode);
  console.log('logs', JSON.stringify((await cat.logs({ stdout: true })).subarray(8).toString()));
  await cat.remove();

  const box2 = await docker.createContainer({ Image: 'alpine', Cmd: ['sleep', '100'], name: N + '-a', Labels: { of: N } });
  await box2.start();
  for (const hijack of [false, true]) {
    const exec = await box2.exec({ Cmd: ['sh', '-c', 'echo out; sleep 0.5; echo late'], AttachStdout: true });
    console.log('exec, hijack', hijack, JSON.stringify(await text(await exec.start({ hijack }))), (await exec.inspect()).ExitCode);
  }
  const exec = await box2.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  stream.end('into exec\n');
  console.log('exec stdin', JSON.stringify(await text(stream)));
  console.log('stats', 'cpu_stats' in (await box2.stats({ stream: false })));
  console.log('list', (await docker.listContainers({ all: true, filters: { label: ['of=' + N] } })).length);
  await box2.stop({ t: 0 });
  await box2.remove({ v: true });

  const built = await docker.buildImage({ context: __dirname, src: ['Dockerfile.alpine'] }, { t: N + '-i', dockerfile: 'Dockerfile.alpine', nocache: true, forcerm: true });
  const lines = await new Promise((resolve, reject) => docker.modem.followProgress(built, (error, all) => (error ? reject(error) : resolve(all))));
  console.log('build', lines.filter((line) => (line.stream || '').includes('built by')).length > 0);
  await docker.getImage(N + '-i').remove({ force: true });
  try {
    await docker.getContainer(N + '-none').inspect();
  } catch (error) {
    console.log('error', error.statusCode, error.json.message);
  }
  process.exit(0);
}
main().catch((error) => { console.log('failed', error.message); process.exit(1); });
