/** The types of R4 4.0.1 and their elements. https://hl7.org/fhir/R4/elementdefinition.html */
import { readCompiled } from './files';

export interface TypeReference {
  /** `Quantity`, `code`, `Reference`, `Resource`, `BackboneElement`, ... */
  code: string;
  /** Names of resource types (or canonical URLs of profiles) that a Reference or canonical may point to. */
  targets?: string[];
  profiles?: string[];
}

export interface Constraint {
  key: string;
  severity: 'error' | 'warning';
  human: string;
  /** FHIRPath, evaluated on the element that carries the constraint. */
  expression: string;
  source?: string;
  bestPractice?: boolean;
}

export interface ElementDefinition {
  /** As in the StructureDefinition: `birthDate`, `deceased[x]`. */
  name: string;
  min: number;
  /** `null` stands for `*`. */
  max: number | null;
  types: TypeReference[];
  /** Name of the type that holds the children of a backbone element (`Patient.contact`, also by contentReference). */
  backbone?: string;
  /** `ElementDefinition.binding`, the value set as canonical with its version if it has one. */
  binding?: { strength: 'required' | 'extensible' | 'preferred' | 'example'; valueSet: string };
  constraints?: Constraint[];
  /** In `_summary=true`. */
  summary?: boolean;
  modifier?: boolean;
  /** An XML attribute (`id`, `url` of Extension). */
  attribute?: boolean;
}

export interface TypeDefinition {
  name: string;
  kind: 'resource' | 'complex-type' | 'primitive-type' | 'backbone';
  base?: string;
  abstract?: boolean;
  constraints: Constraint[];
  /** In the order of the definition, which is the order of XML. */
  elements: ElementDefinition[];
}

/** What a key in JSON stands for: the element, and the one type its value has. */
export interface Property {
  element: ElementDefinition;
  /** Type of the value: a data type's name, a backbone's name (`Patient.contact`), or `Resource`. */
  type: string;
  reference: TypeReference | undefined;
  isList: boolean;
}

let table: Map<string, TypeDefinition> | undefined;

function types(): Map<string, TypeDefinition> {
  if (table === undefined) {
    const read = readCompiled('types.json') as Record<string, Omit<TypeDefinition, 'name'>>;
    table = new Map(Object.entries(read).map(([name, definition]) => [name, { name, ...definition }]));
  }
  return table;
}

/** The definition of a resource type, data type or backbone (`Patient.contact`). */
export function typeDefinition(name: string): TypeDefinition | undefined {
  return types().get(name);
}

let resourceNames: readonly string[] | undefined;

/** The 146 resource types of 4.0.1 that can be instantiated, in alphabetical order. */
export function resourceTypes(): readonly string[] {
  resourceNames ??= [...types().values()]
    .filter(({ kind, abstract }) => kind === 'resource' && abstract !== true)
    .map(({ name }) => name)
    .sort();
  return resourceNames;
}

let resourceNameSet: ReadonlySet<string> | undefined;

export function isResourceType(name: string): boolean {
  resourceNameSet ??= new Set(resourceTypes());
  return resourceNameSet.has(name);
}

export function isPrimitiveType(name: string): boolean {
  return types().get(name)?.kind === 'primitive-type';
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function compileProperties(definition: TypeDefinition): Map<string, Property> {
  const properties = new Map<string, Property>();
  for (const element of definition.elements) {
    const isList = element.max === null || element.max > 1;
    if (!element.name.endsWith('[x]')) {
      const reference = element.types[0];
      properties.set(element.name, {
        element,
        type: element.backbone ?? reference?.code ?? 'Element',
        reference,
        isList,
      });
      continue;
    }
    const stem = element.name.slice(0, -3);
    for (const reference of element.types) {
      properties.set(stem + capitalised(reference.code), {
        element,
        type: reference.code,
        reference,
        isList,
      });
    }
  }
  return properties;
}

const properties = new Map<string, ReadonlyMap<string, Property>>();
const NO_PROPERTIES: ReadonlyMap<string, Property> = new Map();

/** The JSON keys of a type (choice types spelled out: `deceasedBoolean`, `deceasedDateTime`), without `resourceType`. */
export function propertiesOf(typeName: string): ReadonlyMap<string, Property> {
  const known = properties.get(typeName);
  if (known !== undefined) return known;
  const definition = typeDefinition(typeName);
  if (definition === undefined) return NO_PROPERTIES;
  const compiled = compileProperties(definition);
  properties.set(typeName, compiled);
  return compiled;
}
