import { Checkbox, NativeSelect, NumberInput, Stack, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { FormSection } from '../../ui/form-section';
import type { Draft } from './draft';

const GENDERS = [
  { value: '', label: 'Not said' },
  { value: 'female', label: 'Female' },
  { value: 'male', label: 'Male' },
  { value: 'other', label: 'Other' },
  { value: 'unknown', label: 'Unknown' },
];
const STATUSES = [
  { value: 'active', label: 'Active' },
  { value: 'pending', label: 'Pending' },
  { value: 'inactive', label: 'Inactive' },
];

/** What browsers know of their own user is not the patient's. */
const TYPED = { autoComplete: 'off' } as const;

interface FieldsProps {
  form: UseFormReturnType<Draft>;
}

export function PatientFieldset({ form, isNew }: FieldsProps & { isNew: boolean }) {
  return (
    <>
      <PersonFields form={form} isNew={isNew} />
      <ContactFields form={form} />
      <FormSection title="In an emergency" columns={3}>
        <TextInput label="Call" maxLength={200} {...TYPED} {...form.getInputProps('emergencyContact.name')} />
        <TextInput
          label="Relationship"
          placeholder="spouse"
          maxLength={100}
          {...TYPED}
          {...form.getInputProps('emergencyContact.relationship')}
        />
        <TextInput
          label="Their phone"
          maxLength={40}
          {...TYPED}
          {...form.getInputProps('emergencyContact.phone')}
        />
      </FormSection>
      <InsuranceFields form={form} isNew={isNew} />
      <FormSection title="Health" columns={1}>
        <Entries form={form} name="allergies" label="Allergies" placeholder="penicillin" />
        <Entries form={form} name="medications" label="Medications" placeholder="lisinopril 10mg daily" />
        <Entries form={form} name="conditions" label="Conditions" placeholder="hypertension" />
      </FormSection>
      {isNew && <ConsentFields form={form} />}
    </>
  );
}

function PersonFields({ form, isNew }: FieldsProps & { isNew: boolean }) {
  return (
    <FormSection title="Person">
      <TextInput
        label="First name"
        required
        maxLength={100}
        {...TYPED}
        {...form.getInputProps('firstName')}
      />
      <TextInput label="Last name" required maxLength={100} {...TYPED} {...form.getInputProps('lastName')} />
      <TextInput label="Date of birth" type="date" required {...form.getInputProps('dateOfBirth')} />
      <NativeSelect label="Gender" data={GENDERS} {...form.getInputProps('gender')} />
      {!isNew && <NativeSelect label="Status" data={STATUSES} {...form.getInputProps('status')} />}
    </FormSection>
  );
}

function ContactFields({ form }: FieldsProps) {
  return (
    <FormSection title="Contact">
      <TextInput label="Phone" type="tel" maxLength={40} {...TYPED} {...form.getInputProps('phone')} />
      <TextInput label="E-mail" type="email" maxLength={254} {...TYPED} {...form.getInputProps('email')} />
      <TextInput label="Street" maxLength={200} {...TYPED} {...form.getInputProps('address.street')} />
      <TextInput label="City" maxLength={100} {...TYPED} {...form.getInputProps('address.city')} />
      <TextInput label="State" maxLength={50} {...TYPED} {...form.getInputProps('address.state')} />
      <TextInput label="ZIP code" maxLength={20} {...TYPED} {...form.getInputProps('address.zipCode')} />
    </FormSection>
  );
}

function InsuranceFields({ form, isNew }: FieldsProps & { isNew: boolean }) {
  return (
    <FormSection title="Insurance">
      <TextInput
        label="Payer"
        description={isNew ? undefined : 'A change has to be verified again.'}
        maxLength={200}
        {...TYPED}
        {...form.getInputProps('insurance.provider')}
      />
      <NumberInput
        label="Copay"
        description={isNew ? undefined : 'US dollars a visit.'}
        prefix="$"
        min={0}
        decimalScale={2}
        hideControls
        {...form.getInputProps('insurance.copay')}
      />
      <TextInput label="Member id" maxLength={100} {...TYPED} {...form.getInputProps('insurance.memberId')} />
      <TextInput
        label="Group number"
        maxLength={100}
        {...TYPED}
        {...form.getInputProps('insurance.groupNumber')}
      />
    </FormSection>
  );
}

interface EntriesProps extends FieldsProps {
  name: 'allergies' | 'medications' | 'conditions';
  label: string;
  placeholder: string;
}

function Entries({ form, name, label, placeholder }: EntriesProps) {
  const { length } = form.values[name];
  return (
    <TagsInput
      label={label}
      description="Enter after each."
      placeholder={length === 0 ? placeholder : undefined}
      maxTags={200}
      splitChars={[';']}
      acceptValueOnBlur
      {...form.getInputProps(name)}
    />
  );
}

function ConsentFields({ form }: FieldsProps) {
  return (
    <FormSection title="Consent" columns={1}>
      <Stack gap="xs">
        <Checkbox
          label="The patient consents to treatment"
          required
          aria-invalid={'consentToTreat' in form.errors}
          {...form.getInputProps('consentToTreat', { type: 'checkbox' })}
        />
        <Checkbox
          label="The patient has the notice of privacy practices (HIPAA)"
          required
          aria-invalid={'hipaaConsent' in form.errors}
          {...form.getInputProps('hipaaConsent', { type: 'checkbox' })}
        />
      </Stack>
    </FormSection>
  );
}
