/** Run as a process of its own by crash.test.ts: commits bundles until it is killed, and says which are acknowledged. */
import { type Change, connectStore, createStore, EVERYTHING } from '../../src/store';

async function main(uri: string): Promise<void> {
  const store = createStore({ connection: await connectStore({ uri }) });
  const context = { viewer: EVERYTHING, requestId: 'r', author: { id: 'w', name: 'w', kind: 'system' } };
  const worker = async (name: string): Promise<void> => {
    for (let n = 0; ; n++) {
      const bundle = `${name}-${n}`;
      const parts: Change[] = [0, 1, 2, 3].map((i) => ({
        kind: 'create',
        id: `${bundle}-${i}`,
        resource: { resourceType: i % 2 === 0 ? 'Patient' : 'Flag', text: { status: 'empty' } } as never,
      }));
      const tally: Change = {
        kind: 'put',
        resource: { resourceType: 'Basic', id: name, code: { text: String(n) } },
      };
      await store.commit([...parts, tally], context);
      process.stdout.write(`${bundle}\n`);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(worker));
}

void main(process.argv[2] ?? '');
