/**
 * The floor of the measurements: a bare Express route with the mongodb driver doing the same single operation on the same
 * database, with nothing of what a record server owes (validation, index, access, audit). Run as a child:
 * `floor.ts <mongodb uri>`; prints its port.
 */
import express from 'express';
import { MongoClient } from 'mongodb';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';

interface FloorDocument {
  _id: string;
  resource: { identifier?: { value?: string }[] };
}

async function main(uri: string): Promise<void> {
  const client = await MongoClient.connect(uri, {
    maxPoolSize: 50,
    writeConcern: { w: 'majority', journal: true },
  });
  const floor = client.db().collection<FloorDocument>('floor');
  await floor.createIndex({ 'resource.identifier.value': 1 });
  const app = express();
  app.disable('x-powered-by');
  app.get('/floor/:id', async (req, res) => {
    res.json((await floor.findOne({ _id: req.params.id }))?.resource);
  });
  app.get('/floor', async (req, res) => {
    const found = await floor
      .find({ 'resource.identifier.value': String(req.query.value) })
      .limit(20)
      .toArray();
    res.json(found.map(({ resource }) => resource));
  });
  app.post('/floor', express.json(), async (req, res) => {
    // Loading names the id; a measured create leaves it to the server, as the record does.
    const _id = typeof req.query.id === 'string' ? req.query.id : randomUUID();
    await floor.insertOne({ _id, resource: req.body as FloorDocument['resource'] });
    res.status(201).json({ ...(req.body as object), id: _id });
  });
  app.put('/floor/:id', express.json(), async (req, res) => {
    await floor.replaceOne({ _id: req.params.id }, { resource: req.body as FloorDocument['resource'] });
    res.json(req.body);
  });
  const server = app.listen(0, '127.0.0.1', () =>
    process.stdout.write(`${(server.address() as AddressInfo).port}\n`),
  );
  process.stdin.resume().once('end', () => process.exit(0));
}

void main(process.argv[2] ?? '');
