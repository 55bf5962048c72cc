/** StructureDefinitions of R4 cut down to what validation, search, XML and patch need of a type. */

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const BEST_PRACTICE = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice';
const CORE = 'http://hl7.org/fhir/StructureDefinition/';

const shortUrl = (url) => (url.startsWith(CORE) ? url.slice(CORE.length) : url);

/** `http://hl7.org/fhirpath/System.String` stands for the FHIR type named in an extension. */
function typeCode(type) {
  if (!type.code.startsWith('http://hl7.org/fhirpath/')) return type.code;
  const named = (type.extension ?? []).find((extension) => extension.url === FHIR_TYPE);
  return named?.valueUrl ?? named?.valueUri ?? 'string';
}

/** R4 says Resource for `Bundle.entry.response.outcome`; the definitions at hand narrow it to one type. */
const asResource = (code) => (code === 'OperationOutcome' ? 'Resource' : code);

function compactType(type) {
  const compact = { code: asResource(typeCode(type)) };
  if (type.targetProfile) compact.targets = type.targetProfile.map(shortUrl);
  if (type.profile) compact.profiles = type.profile;
  return compact;
}

function compactConstraint({ key, severity, human, expression, source, extension }) {
  const compact = { key, severity, human, expression };
  if (source) compact.source = shortUrl(source);
  if ((extension ?? []).some(({ url, valueBoolean }) => url === BEST_PRACTICE && valueBoolean))
    compact.bestPractice = true;
  return compact;
}

/** Constraints that an element only repeats from its type; the type itself states them once. */
function ownConstraints(element, inherited) {
  return (element.constraint ?? [])
    .filter(({ key, expression }) => expression && !inherited.has(key))
    .map(compactConstraint);
}

function compactElement(element, path, inherited) {
  const compact = {
    name: path.slice(path.lastIndexOf('.') + 1),
    min: element.min,
    max: element.max === '*' ? null : Number(element.max),
    types: (element.type ?? []).map(compactType),
  };
  if (element.isSummary) compact.summary = true;
  if (element.isModifier) compact.modifier = true;
  if (element.representation?.includes('xmlAttr')) compact.attribute = true;
  if (element.binding?.valueSet)
    compact.binding = { strength: element.binding.strength, valueSet: element.binding.valueSet };
  const constraints = ownConstraints(element, inherited);
  if (constraints.length > 0) compact.constraints = constraints;
  // The definitions at hand call a resource's id a string; R4 says id (resource.html#id).
  if (/^[A-Z][A-Za-z]+\.id$/.test(path) && !compact.attribute) compact.types = [{ code: 'id' }];
  return compact;
}

function rootConstraintKeys(definitions) {
  return new Map(
    definitions.map((definition) => [
      definition.type,
      new Set((definition.snapshot.element[0].constraint ?? []).map(({ key }) => key)),
    ]),
  );
}

function inheritedBy(element, keysOfType) {
  const keys = new Set(['ele-1']);
  for (const type of element.type ?? []) for (const key of keysOfType.get(type.code) ?? []) keys.add(key);
  return keys;
}

/** One type and the backbone elements inside it, each an entry of its own (`Patient`, `Patient.contact`). */
function compactDefinition(definition, keysOfType, into) {
  const [root, ...elements] = definition.snapshot.element;
  const kept = (root.constraint ?? []).filter(({ expression }) => expression).map(compactConstraint);
  into[definition.type] = {
    kind: definition.kind,
    ...(definition.baseDefinition ? { base: shortUrl(definition.baseDefinition) } : {}),
    ...(definition.abstract ? { abstract: true } : {}),
    constraints: kept,
    elements: [],
  };
  for (const element of elements) {
    const parent = into[element.path.slice(0, element.path.lastIndexOf('.'))];
    const compact = compactElement(element, element.path, inheritedBy(element, keysOfType));
    parent.elements.push(compact);
    if (element.contentReference) compact.backbone = element.contentReference.slice(1);
    else if (['BackboneElement', 'Element'].includes(compact.types[0]?.code)) {
      compact.backbone = element.path;
      into[element.path] = { kind: 'backbone', base: compact.types[0].code, constraints: [], elements: [] };
    }
  }
}

/** The table of all R4 types, by name. */
export function compileTypes(resources) {
  const definitions = resources.filter(
    ({ resourceType, derivation, snapshot }) =>
      resourceType === 'StructureDefinition' && derivation !== 'constraint' && snapshot !== undefined,
  );
  const keysOfType = rootConstraintKeys(definitions);
  const table = {};
  for (const definition of definitions) compactDefinition(definition, keysOfType, table);
  return table;
}
