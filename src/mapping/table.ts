import Ajv from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Element } from './element';

/** A resource that a table binds to a name, and what a new one of it begins with. */
export type ResourceRow =
  | { type: string; many?: boolean; const?: Element }
  /** A list of joined resources: each item binds these names. */
  | { many: true; each: Record<string, ResourceRow> };

/** `path | codec`, `path ?? path | codec | = function`, `= function`; or the rows of a list of objects. */
export type FieldRow = string | { at: string; fields: Record<string, FieldRow> };

/** One vendor object as written in `mappings/<vendor>/<object>.yaml`. docs/mapping.md explains the language. */
export interface Table {
  map: string;
  resources: Record<string, ResourceRow>;
  /** Slices by name: what an element of the slice contains, and begins with. */
  slices?: Record<string, Element>;
  /** Extensions of others by name; a name that is not here is one of ours. */
  extensions?: Record<string, string>;
  fields: Record<string, FieldRow>;
  /** Fields of each answer shape, in the order in which they are shown. */
  views?: Record<string, string[]>;
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<Table>({
  type: 'object',
  required: ['map', 'resources', 'fields'],
  additionalProperties: false,
  properties: {
    map: { type: 'string' },
    resources: { type: 'object', additionalProperties: { $ref: '#/$defs/resource' } },
    slices: { type: 'object', additionalProperties: { type: 'object' } },
    extensions: { type: 'object', additionalProperties: { type: 'string' } },
    fields: { $ref: '#/$defs/fields' },
    views: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
  },
  $defs: {
    resource: {
      type: 'object',
      additionalProperties: false,
      properties: {
        type: { type: 'string' },
        many: { type: 'boolean' },
        const: { type: 'object' },
        each: { type: 'object', additionalProperties: { $ref: '#/$defs/resource' } },
      },
    },
    fields: {
      type: 'object',
      additionalProperties: {
        type: ['string', 'object'],
        required: ['at', 'fields'],
        additionalProperties: false,
        properties: { at: { type: 'string' }, fields: { $ref: '#/$defs/fields' } },
      },
    },
  },
});

/**
 * Reads a table's text.
 * @throws Error naming what is not a table about it; met at start.
 */
export function parseTable(text: string): Table {
  const table: unknown = parse(text);
  if (validate(table)) return table;
  const faults = (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath || '/'} ${message ?? ''}`,
  );
  throw new Error(`not a mapping table: ${faults.join('; ')}`);
}

/** Reads `mappings/<name>.yaml`, e.g. `handoffrx/referral`. */
export function readTable(name: string): Table {
  const file = join(__dirname, '..', '..', 'mappings', `${name}.yaml`);
  try {
    return parseTable(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`mappings/${name}.yaml cannot be used: ${(cause as Error).message}`, { cause });
  }
}
