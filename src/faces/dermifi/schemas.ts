import { exactly, object, orNull, type Schema, text } from '../../contract';

/** Parts that several endpoints share. */
export const EMAIL: Schema = {
  type: 'string',
  maxLength: 254,
  pattern:
    '^[^\\s@<>()",;:\\\\\\p{Cc}\\p{Cs}]+@[^\\s@<>()",;:\\\\\\p{Cc}\\p{Cs}.]+(\\.[^\\s@<>()",;:\\\\\\p{Cc}\\p{Cs}.]+)*$',
  'x-expected': 'an e-mail address',
  'x-message': 'Invalid email format',
};

export const PHONE: Schema = {
  type: 'string',
  maxLength: 40,
  pattern: '^[+]?[-0-9(). /]*[0-9][-0-9(). /]*(?:(?:x|ext\\.?) ?[0-9]{1,6})?$',
  'x-expected': 'a telephone number such as +1 (555) 123-4567',
  'x-message': 'Invalid phone format',
  example: '+1 (555) 123-4567',
};

/** `address` of a request: no part is required. */
export const ADDRESS: Schema = object({
  street: orNull(text(200, 'Street and number.', '123 Main St')),
  city: orNull(text(100, 'City.', 'San Francisco')),
  state: orNull(text(50, 'State.', 'CA')),
  zipCode: orNull(text(20, 'ZIP code.', '94105')),
});

/** In answers: text or null. */
export const KNOWN: Schema = { type: ['string', 'null'] };

/** The same object, or null. */
export const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });

/** `address` of an answer. */
export const ADDRESS_SHOWN: Schema = nullable(
  exactly({ street: KNOWN, city: KNOWN, state: KNOWN, zipCode: KNOWN }),
);

/** A provider or patient by id and name. */
export const NAMED: Schema = exactly({ id: { type: 'string' }, name: { type: 'string' } });
