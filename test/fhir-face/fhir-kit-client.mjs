// fhir-kit-client is an ES module, which jest's CommonJS cannot load: it runs in a process of its own.
// node fhir-kit-client.mjs BASE TOKEN prints what each step gave, as JSON.
import { Client } from 'fhir-kit-client';

const [, , baseUrl, bearer] = process.argv;
const client = new Client({ baseUrl });
const steps = {};
steps.fhirVersion = (await client.capabilityStatement()).fhirVersion;
client.bearerToken = bearer;
const resourceType = 'Patient';
const created = await client.create({ resourceType, body: { resourceType, name: [{ family: 'Kit' }] } });
const { id } = created;
steps.reads = (await client.read({ resourceType, id })).name;
steps.updated = (
  await client.update({ resourceType, id, body: { ...created, active: true } })
).meta.versionId;
const jsonPatch = [{ op: 'replace', path: '/active', value: false }];
steps.patched = (await client.patch({ resourceType, id, jsonPatch })).active;
steps.vread = (await client.vread({ resourceType, id, version: '1' })).meta.versionId;
for (let i = 0; i < 3; i += 1)
  await client.create({ resourceType, body: { resourceType, name: [{ family: 'Kitten' }] } });
const ids = (bundle) => bundle.entry.map(({ resource }) => resource.id);
const searchParams = { family: 'kit', _count: '2', _sort: 'family' };
const first = await client.search({ resourceType, searchParams });
const second = await client.nextPage({ bundle: first });
const back = await client.prevPage({ bundle: second });
steps.found = new Set([...ids(first), ...ids(second)]).size;
steps.goesBack = ids(back).join() === ids(first).join();
const posted = await client.search({
  resourceType,
  searchParams: { _id: id },
  options: { postSearch: true },
});
steps.posted = ids(posted).join() === id;
steps.history = (await client.history({ resourceType, id })).entry.length;
const entry = [{ resource: { resourceType }, request: { method: 'POST', url: resourceType } }];
steps.transaction = (
  await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } })
).entry[0].response.status;
await client.delete({ resourceType, id });
steps.afterwards = await client.read({ resourceType, id }).catch((error) => error.response.status);
process.stdout.write(JSON.stringify(steps));
