// testcontainers-node: dockerode underneath, exec without an upgrade.
const { GenericContainer, Wait } = require('testcontainers');

async function main() {
  const box = await new GenericContainer('alpine').withCommand(['sh', '-c', 'echo ready; sleep 100'])
    .withEnvironment({ A: 'b c' }).withLabels({ of: process.env.N })
    .withCopyContentToContainer([{ content: 'copied', target: '/copied' }])
    .withWaitStrategy(Wait.forLogMessage('ready')).start();
  const { output, exitCode } = await box.exec(['sh', '-c', 'echo "$A"; cat /copied; exit 5']);
  console.log('exec', JSON.stringify(output), exitCode);
  await box.stop({ timeout: 0 });
  console.log('gone');
}
main().then(() => process.exit(0), (error) => { console.log('failed', error.message); process.exit(1); });
