/** Malformed BSON. */
export class BsonFormatError extends Error {}
