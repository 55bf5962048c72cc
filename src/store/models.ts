/**
 * Mongoose models: what is kept, in one place. One schema function serves every resource type (only some of the search
 * indexes are a type's own); a model is made when its type is first met. The indexes are declared here and created
 * from here. Commits and reads go through the models' native collections: casting and change tracking of a whole
 * resource would cost more than the database's work.
 */
import type { ResourceType } from '@medplum/fhirtypes';
import { type Connection, type Model, Schema } from 'mongoose';
import { recordIndexes } from '../search';
import type { HistoryDocument, RecordDocument } from './documents';

export const OUTBOX = 'outbox';

const VERSION_FIELDS = {
  _id: { type: String, required: true },
  version: { type: Number, required: true },
  lastUpdated: { type: Date, required: true },
  deleted: { type: Boolean, required: true },
  interaction: { type: String, enum: ['create', 'update', 'delete'], required: true },
  author: { id: String, name: String, kind: String, face: String, practice: String },
  requestId: String,
  resource: { type: Schema.Types.Mixed, required: true },
  decimals: { type: [{ _id: false, path: String, text: String }], default: undefined },
  access: { type: [String], required: true },
} as const;

const OPTIONS = {
  id: false,
  versionKey: false,
  minimize: false,
  autoIndex: false,
  autoCreate: false,
} as const;

function recordSchema(resourceType: ResourceType): Schema {
  const schema = new Schema(
    {
      ...VERSION_FIELDS,
      revision: { type: Number, required: true },
      firstWritten: Date,
      index: [String],
      ranges: Schema.Types.Mixed,
      sort: Schema.Types.Mixed,
      list: { type: [String], default: undefined },
      indexed: String,
      events: { type: [Schema.Types.Mixed], default: undefined },
      due: Date,
      lease: String,
    },
    { ...OPTIONS, strict: false },
  );
  // History of a type, present versions: by holder, newest first. Also serves _lastUpdated.
  schema.index({ access: 1, lastUpdated: -1, _id: -1 }, { name: 'newest' });
  // What a relay has to do; holds no entry for a document without events.
  schema.index({ due: 1 }, { name: 'outbox', partialFilterExpression: { due: { $exists: true } } });
  for (const key of recordIndexes(resourceType)) schema.index(key);
  return schema;
}

function historySchema(): Schema {
  const schema = new Schema(
    { ...VERSION_FIELDS, type: { type: String }, id: String, until: Date },
    { ...OPTIONS, strict: false },
  );
  // One resource's history is read by _id: its version numbers have no gaps.
  schema.index({ access: 1, type: 1, lastUpdated: -1, id: -1 }, { name: 'newest' });
  return schema;
}

export function recordModel(connection: Connection, type: ResourceType): Model<RecordDocument> {
  const held = connection.models[type] as Model<RecordDocument> | undefined;
  return held ?? (connection.model(type, recordSchema(type), type) as unknown as Model<RecordDocument>);
}

export function historyModel(connection: Connection): Model<HistoryDocument> {
  const held = connection.models['history'] as Model<HistoryDocument> | undefined;
  return (
    held ?? (connection.model('history', historySchema(), 'history') as unknown as Model<HistoryDocument>)
  );
}
