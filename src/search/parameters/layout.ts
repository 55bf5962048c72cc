/**
 * Which entries a resource type has, and how each search parameter reads them.
 *
 * R4's parameters overlap: `patient` is `subject` where it is a Patient, `combo-code` is `code` or
 * `component-code`, `name` holds `family` and `given`. Every value is therefore indexed once, as a field, and a
 * parameter is a list of the fields it covers.
 */
import type { SearchParameter } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { propertiesOf, searchParametersOf } from '../../fhir';
import type { ParameterKind } from '../types';
import { type CompositeForm, compositeForms } from './composite';
import { type Branch, type Step, parseExpression } from './expression';
import { isLean } from '../lean';

/** How a field's values become entries. Its name is part of a layout's version: other entries want another name. */
export type FieldKind = Exclude<ParameterKind, 'composite' | 'special'> | 'soundex' | 'position';

/** Values that are indexed together under one key. */
export interface Field {
  key: string;
  kind: FieldKind;
  branches: readonly Branch[];
  /** Expressions for the interpreter. */
  evaluated: readonly string[];
}

/** The elements of a composite that are indexed together. */
export interface CompositeField {
  key: string;
  forms: readonly CompositeForm[];
}

/** One field of a parameter, and which of its values count. */
export interface Part {
  key: string;
  /** Only references to this type. */
  target?: string;
  /** Only contact points of this system. */
  system?: string;
}

export interface Parameter {
  code: string;
  kind: ParameterKind;
  parts: readonly Part[];
  /** FHIR types of the values. */
  types: ReadonlySet<string>;
  /** Resource types that a reference may point to; empty for any. */
  targets: readonly string[];
  /** Value sets that elements of type code are bound to. */
  valueSets: readonly string[];
  /** The ways to its values, of parameters that are paths. */
  ways: readonly (readonly Step[])[];
  /** Kinds of a composite's components. */
  components: readonly ParameterKind[];
  /** A composite's first form: what kinds of values its components take. */
  form: CompositeForm | undefined;
  definition: SearchParameter;
}

export interface TypeLayout {
  type: string;
  parameters: ReadonlyMap<string, Parameter>;
  fields: readonly Field[];
  composites: readonly CompositeField[];
  /** Fields that may have several values in one resource, with the name of the highest among the sort values. */
  repeating: ReadonlyMap<string, string>;
  /** Changes when entries would; documents of another version need a reindex. */
  version: string;
}

/** Parameters without values of their own in the index. */
const NOT_INDEXED = new Set(['_id', '_text', '_content', '_query', '_list', '_type', '_filter', '_has']);

/** Entries beside the fields: words of the narrative. */
const WORDS = '_text';

const PARTS_OF_TYPE: Record<string, readonly string[]> = {
  HumanName: ['family', 'given', 'prefix', 'suffix', 'text'],
  Address: ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text'],
};

/** A string parameter over names or addresses covers the strings in them (R4 search.html#string). */
function stringBranches(branch: Branch): Branch[] {
  const parts = PARTS_OF_TYPE[branch.type];
  if (parts === undefined) return [branch];
  const properties = propertiesOf(branch.type);
  return parts.map((key) => ({
    steps: [...branch.steps, { key, ...(properties.get(key)?.isList === true ? { isList: true } : {}) }],
    type: properties.get(key)?.type ?? 'string',
    signature: `${branch.signature}.${key}`,
  }));
}

function fieldKind(parameter: SearchParameter): FieldKind | undefined {
  if (parameter.type === 'special') return parameter.code === 'near' ? 'position' : undefined;
  if (parameter.type === 'composite') return undefined;
  if (parameter.type === 'string' && parameter.code === 'phonetic') return 'soundex';
  return parameter.type as FieldKind;
}

interface Source {
  definition: SearchParameter;
  kind: FieldKind;
  branches: Branch[];
  evaluated: string[];
  /** Posted by a client: keeps its own entries, so that the others' do not change with it. */
  posted: boolean;
}

function sourceOf(definition: SearchParameter, type: string, posted: boolean): Source | undefined {
  const kind = fieldKind(definition);
  const expression = definition.code === 'near' ? 'Location.position' : definition.expression;
  if (kind === undefined || expression === undefined || NOT_INDEXED.has(definition.code)) return undefined;
  const { branches, evaluated } = parseExpression(expression, type);
  return {
    definition,
    kind,
    branches: kind === 'string' ? branches.flatMap(stringBranches) : branches,
    evaluated,
    posted,
  };
}

interface Group {
  kind: FieldKind;
  branches: Map<string, Branch>;
  users: Source[];
  key: string;
}

const withoutRestriction = ({ steps, type, signature, valueSet, targets }: Branch): Branch => ({
  steps,
  type,
  signature,
  ...(valueSet === undefined ? {} : { valueSet }),
  ...(targets === undefined ? {} : { targets }),
});

/** Branches that the same parameters use make one group, and so one field. */
function groupBranches(sources: readonly Source[]): Group[] {
  const users = new Map<string, { branch: Branch; kind: FieldKind; users: Source[] }>();
  for (const source of sources) {
    for (const branch of source.branches) {
      const id = `${source.posted ? source.definition.code : ''} ${source.kind} ${branch.signature}`;
      const known = users.get(id);
      if (known === undefined) users.set(id, { branch, kind: source.kind, users: [source] });
      else if (!known.users.includes(source)) known.users.push(source);
    }
  }
  const groups = new Map<string, Group>();
  for (const { branch, kind, users: by } of users.values()) {
    const id = `${kind} ${by.map(({ definition }) => definition.code).join()}`;
    const group = groups.get(id) ?? { kind, branches: new Map<string, Branch>(), users: by, key: '' };
    group.branches.set(branch.signature, withoutRestriction(branch));
    groups.set(id, group);
  }
  return [...groups.values()];
}

/** A field is called like the parameter that it is all of, else like the first with a number behind. */
function nameGroups(groups: readonly Group[], sources: readonly Source[]): void {
  const size = (source: Source): number => groups.filter(({ users }) => users.includes(source)).length;
  const taken = new Set<string>();
  const isRestricted = (source: Source): boolean =>
    source.branches.every(({ target, system }) => target !== undefined || system !== undefined);
  for (const source of sources) {
    const own = groups.filter(({ users, key }) => key === '' && users.includes(source));
    if (size(source) !== 1 || own[0] === undefined || isRestricted(source)) continue;
    own[0].key = source.definition.code;
    taken.add(own[0].key);
  }
  for (const group of groups) {
    const code = group.users[0]?.definition.code ?? '';
    for (let n = 0; group.key === ''; n++) {
      const key = n === 0 ? code : `${code}!${n}`;
      if (!taken.has(key)) group.key = key;
    }
    taken.add(group.key);
  }
}

function restrictionOf(source: Source, group: Group): Pick<Part, 'target' | 'system'> {
  const branch = source.branches.find(({ signature }) => group.branches.has(signature));
  return {
    ...(branch?.target === undefined ? {} : { target: branch.target }),
    ...(branch?.system === undefined ? {} : { system: branch.system }),
  };
}

function parameterOf(
  source: Source,
  groups: readonly Group[],
  evaluated: ReadonlyMap<Source, string>,
): Parameter {
  const { definition, branches } = source;
  const parts: Part[] = groups
    .filter(({ users }) => users.includes(source))
    .map((group) => ({ key: group.key, ...restrictionOf(source, group) }));
  const own = evaluated.get(source);
  if (own !== undefined) parts.push({ key: own });
  const restricted = branches.flatMap(({ target }) => target ?? []);
  const declared = definition.target ?? [];
  const targets = branches.flatMap((branch) => branch.targets ?? []).filter((type) => type !== 'Resource');
  return {
    code: definition.code ?? '',
    kind: definition.type as ParameterKind,
    parts,
    types: new Set(branches.map(({ type }) => type)),
    targets: restricted.length > 0 ? restricted : declared.length > 0 ? declared : [...new Set(targets)],
    valueSets: branches.every(({ type }) => type === 'code')
      ? branches.flatMap(({ valueSet }) => valueSet ?? [])
      : [],
    ways: branches.map(({ steps }) => steps),
    components: [],
    form: undefined,
    definition,
  };
}

function evaluatedFields(sources: readonly Source[]): { fields: Field[]; keys: Map<Source, string> } {
  const fields: Field[] = [];
  const keys = new Map<Source, string>();
  for (const source of sources) {
    if (source.evaluated.length === 0) continue;
    const key = `${source.definition.code ?? ''}!x`;
    fields.push({ key, kind: source.kind, branches: [], evaluated: source.evaluated });
    keys.set(source, key);
  }
  return { fields, keys };
}

interface Composites {
  fields: CompositeField[];
  parameters: Parameter[];
}

/** Composites share elements too: `combo-code-value-quantity` is two other composites. */
function layoutComposites(type: string, definitions: readonly SearchParameter[]): Composites {
  const fields = new Map<string, CompositeField>();
  const parameters: Parameter[] = [];
  const sorted = definitions
    .map((definition) => ({ definition, forms: compositeForms(definition, type) }))
    .sort((a, b) => a.forms.length - b.forms.length);
  for (const { definition, forms } of sorted) {
    const parts: Part[] = [];
    for (const form of forms) {
      const known = fields.get(form.signature);
      const field = known ?? {
        key: parts.length === 0 ? definition.code : `${definition.code}!${parts.length}`,
        forms: [form],
      };
      fields.set(form.signature, field);
      parts.push({ key: field.key });
    }
    parameters.push({
      code: definition.code,
      kind: 'composite',
      parts,
      types: new Set(),
      targets: [],
      valueSets: [],
      ways: [],
      components: forms[0]?.components.map(({ kind }) => kind) ?? [],
      form: forms[0],
      definition,
    });
  }
  return { fields: [...fields.values()], parameters };
}

/** Ways that differ in their last key only are those of one choice element, of which a resource has one. */
function areAlternatives(branches: readonly Branch[]): boolean {
  const stems = branches.map(({ steps }) =>
    steps
      .slice(0, -1)
      .map(({ key }) => key)
      .join('.'),
  );
  return new Set(stems).size === 1 && branches.every(({ steps }) => steps.at(-1)?.isChoice === true);
}

function isRepeating({ branches, evaluated }: Field): boolean {
  if (evaluated.length > 0 || (branches.length > 1 && !areAlternatives(branches))) return true;
  return branches.some(
    ({ steps, type }) => type === 'CodeableConcept' || steps.some(({ isList }) => isList === true),
  );
}

/** Works out the layout of a type from its definitions and those that clients posted. */
export function layoutOf(type: string, posted: readonly SearchParameter[]): TypeLayout {
  const known = searchParametersOf(type);
  const added = posted.filter(({ code }) => !known.has(code));
  const all = [...known.values(), ...added];
  const sources = all.flatMap((definition) => sourceOf(definition, type, added.includes(definition)) ?? []);
  const groups = groupBranches(sources);
  nameGroups(groups, sources);
  const evaluated = evaluatedFields(sources);
  const fields: Field[] = [
    ...groups.map(({ key, kind, branches }) => ({
      key,
      kind,
      branches: [...branches.values()],
      evaluated: [],
    })),
    ...evaluated.fields,
  ];
  const composites = layoutComposites(
    type,
    all.filter((definition) => definition.type === 'composite'),
  );
  const parameters = [
    ...sources.map((source) => parameterOf(source, groups, evaluated.keys)),
    ...composites.parameters,
  ];
  const repeating = new Map(fields.filter(isRepeating).map(({ key }) => [key, `${key}-`] as const));
  const shape = JSON.stringify([fields, composites.fields, WORDS, ...(isLean(type) ? ['lean'] : [])]);
  return {
    type,
    parameters: new Map(parameters.map((parameter) => [parameter.code, parameter])),
    fields,
    composites: composites.fields,
    repeating,
    version: createHash('sha256').update(shape).digest('base64url').slice(0, 12),
  };
}
