/**
 * Profiles as trees of constraints: the differential of a StructureDefinition laid over its base's tree. What
 * R4 itself demands is not in them, since the structure is checked for every resource anyway; so no snapshot
 * has to be generated. https://hl7.org/fhir/R4/profiling.html
 */
import type {
  ElementDefinition,
  ElementDefinitionConstraint,
  ElementDefinitionType,
  StructureDefinition,
} from '@medplum/fhirtypes';
import { canonicalEntry, splitCanonical, type Constraint } from '../definitions';

export interface Discriminator {
  type: string;
  /** FHIRPath from the sliced element. */
  path: string;
}

export interface ProfileType {
  code: string;
  profiles: string[];
  targets: string[] | undefined;
}

export interface ProfileNode {
  /** Element name as FHIRPath says it (`value` for `value[x]`); for a slice, the slice's name. */
  name: string;
  min: number | undefined;
  /** `Infinity` for `*`. */
  max: number | undefined;
  types: ProfileType[] | undefined;
  fixed: unknown;
  pattern: unknown;
  /** Canonical of a required binding. */
  binding: string | undefined;
  maxLength: number | undefined;
  constraints: Constraint[];
  children: Map<string, ProfileNode>;
  discriminators: Discriminator[];
  /** True when only the slices are allowed. */
  closed: boolean;
  slices: Map<string, ProfileNode>;
}

export interface Profile {
  url: string;
  name: string;
  /** The type it constrains: `Patient`, `Extension`, `Quantity`. */
  type: string;
  /** Where it comes from: `r4`, `us-core`, ..., `crosswalk`. */
  source: string;
  root: ProfileNode;
}

function emptyNode(name: string): ProfileNode {
  return {
    name,
    min: undefined,
    max: undefined,
    types: undefined,
    fixed: undefined,
    pattern: undefined,
    binding: undefined,
    maxLength: undefined,
    constraints: [],
    children: new Map(),
    discriminators: [],
    closed: false,
    slices: new Map(),
  };
}

function cloneNode(node: ProfileNode): ProfileNode {
  const cloneAll = (nodes: Map<string, ProfileNode>): Map<string, ProfileNode> =>
    new Map([...nodes].map(([name, child]) => [name, cloneNode(child)]));
  return {
    ...node,
    constraints: [...node.constraints],
    children: cloneAll(node.children),
    slices: cloneAll(node.slices),
  };
}

/** `fixedUri`, `patternCodeableConcept`: the one key that begins so. */
function valueNamed(element: ElementDefinition, prefix: 'fixed' | 'pattern'): unknown {
  for (const [key, value] of Object.entries(element)) {
    if (key.startsWith(prefix) && /^[A-Z]/.test(key.slice(prefix.length))) return value;
  }
  return undefined;
}

function typeOf({ code, profile, targetProfile }: ElementDefinitionType): ProfileType {
  return { code: code ?? '', profiles: profile ?? [], targets: targetProfile };
}

function constraintOf(
  { key, severity, human, expression, source }: ElementDefinitionConstraint,
  profile: string,
): Constraint[] {
  if (expression === undefined) return [];
  return [
    {
      key: key ?? '',
      severity: severity === 'warning' ? 'warning' : 'error',
      human: human ?? '',
      expression,
      source: source ?? profile,
    },
  ];
}

/** Lays what one element of a differential says over a node. */
function overlay(node: ProfileNode, element: ElementDefinition, profile: string): void {
  if (element.min !== undefined) node.min = element.min;
  if (element.max !== undefined) node.max = element.max === '*' ? Infinity : Number(element.max);
  if (element.type !== undefined) node.types = element.type.map(typeOf);
  node.fixed = valueNamed(element, 'fixed') ?? node.fixed;
  node.pattern = valueNamed(element, 'pattern') ?? node.pattern;
  if (element.binding !== undefined) {
    // US Core loosens a required binding of its base to extensible; the profile that is claimed decides.
    node.binding = element.binding.strength === 'required' ? element.binding.valueSet : undefined;
  }
  if (element.maxLength !== undefined) node.maxLength = element.maxLength;
  const known = new Set(node.constraints.map(({ key }) => key));
  node.constraints.push(
    ...(element.constraint ?? [])
      .flatMap((one) => constraintOf(one, profile))
      .filter(({ key }) => !known.has(key)),
  );
  if (element.slicing === undefined) return;
  if (element.slicing.discriminator !== undefined) {
    node.discriminators = element.slicing.discriminator.map(({ type, path }) => ({
      type: type ?? 'value',
      path: path ?? '$this',
    }));
  }
  node.closed = element.slicing.rules === 'closed';
}

interface Step {
  name: string;
  slice: string | undefined;
}

/** `Patient.extension:race.url` as steps below the root; without an id, path and slice name say the same. */
function stepsOf(element: ElementDefinition): Step[] {
  const id =
    element.id ??
    (element.sliceName === undefined ? element.path : `${element.path ?? ''}:${element.sliceName}`) ??
    '';
  return id
    .split('.')
    .slice(1)
    .map((part) => {
      const colon = part.indexOf(':');
      const name = (colon < 0 ? part : part.slice(0, colon)).replace(/\[x\]$/, '');
      return { name, slice: colon < 0 ? undefined : part.slice(colon + 1) };
    });
}

function nodeIn(nodes: Map<string, ProfileNode>, name: string): ProfileNode {
  const known = nodes.get(name);
  if (known !== undefined) return known;
  const made = emptyNode(name);
  nodes.set(name, made);
  return made;
}

function nodeAt(root: ProfileNode, steps: readonly Step[]): ProfileNode {
  let node = root;
  for (const { name, slice } of steps) {
    node = nodeIn(node.children, name);
    if (slice !== undefined) node = nodeIn(node.slices, slice);
  }
  return node;
}

function readDefinition(canonical: string): StructureDefinition | undefined {
  const entry = canonicalEntry(canonical, 'StructureDefinition');
  return entry?.derivation === 'constraint' ? (entry.read() as StructureDefinition) : undefined;
}

function build(definition: StructureDefinition, path: readonly string[]): ProfileNode {
  const url = definition.url ?? '';
  const baseUrl = definition.baseDefinition;
  const base = baseUrl === undefined || path.includes(baseUrl) ? undefined : readDefinition(baseUrl);
  const root = base === undefined ? emptyNode(definition.type ?? '') : cloneNode(build(base, [...path, url]));
  const elements = definition.differential?.element ?? definition.snapshot?.element ?? [];
  for (const element of elements) overlay(nodeAt(root, stepsOf(element)), element, url);
  return root;
}

const profiles = new Map<string, Profile | undefined>();

/** The profile at a canonical URL; undefined when it is not known, or is no constraint on a type. */
export function profileAt(canonical: string): Profile | undefined {
  if (profiles.has(canonical)) return profiles.get(canonical);
  const definition = readDefinition(canonical);
  const made =
    definition === undefined
      ? undefined
      : {
          url: definition.url ?? canonical,
          name: definition.name ?? '',
          type: definition.type ?? '',
          source: canonicalEntry(canonical, 'StructureDefinition')?.source ?? '',
          root: build(definition, []),
        };
  // Only what exists is kept: a client may claim any number of unknown profiles.
  if (made !== undefined) profiles.set(canonical, made);
  return made;
}

/** The URL that an extension slice stands for. */
export function extensionUrlOf(slice: ProfileNode): string | undefined {
  const fixed = slice.children.get('url')?.fixed;
  if (typeof fixed === 'string') return fixed;
  const profile = slice.types?.[0]?.profiles[0];
  return profile === undefined ? undefined : splitCanonical(profile).url;
}
