import { Checkbox, NumberInput, Select, SimpleGrid, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type Provider, nameOf } from '../../api/schedule';
import type { User } from '../../api/session';
import { FormSection } from '../../ui/form-section';
import { DrugField } from './drug-field';
import type { Draft } from './draft';
import { PharmacySelect } from './pharmacy-select';

interface FieldsProps {
  form: UseFormReturnType<Draft>;
}

export function MedicationFields({ form }: FieldsProps) {
  return (
    <FormSection title="Medication" columns={1}>
      <DrugField form={form} />
      <Checkbox
        label="The pharmacy may give an equivalent"
        {...form.getInputProps('substitutionAllowed', { type: 'checkbox' })}
      />
    </FormSection>
  );
}

const NUMBER = { hideControls: true, min: 0 } as const;

export function DirectionFields({ form }: FieldsProps) {
  return (
    <FormSection title="Directions" columns={1}>
      <Textarea
        label="Directions to the patient"
        placeholder="Take 1 capsule by mouth twice daily with food"
        required
        autosize
        minRows={2}
        maxLength={1000}
        {...form.getInputProps('sig')}
      />
      <SimpleGrid cols={{ base: 2, sm: 4 }} style={{ alignItems: 'start' }}>
        <NumberInput label="Quantity" required {...NUMBER} {...form.getInputProps('quantity')} />
        <TextInput
          label="Unit"
          placeholder="capsules"
          maxLength={50}
          {...form.getInputProps('quantityUnit')}
        />
        <NumberInput label="Refills" allowDecimal={false} {...NUMBER} {...form.getInputProps('refills')} />
        <NumberInput
          label="Days’ supply"
          allowDecimal={false}
          {...NUMBER}
          {...form.getInputProps('daysSupply')}
        />
      </SimpleGrid>
    </FormSection>
  );
}

export function ReasonFields({ form }: FieldsProps) {
  return (
    <FormSection title="Reason">
      <TextInput
        label="Indication"
        placeholder="Moderate acne vulgaris"
        maxLength={500}
        {...form.getInputProps('indication')}
      />
      <TextInput
        label="Diagnosis"
        placeholder="L70.0"
        maxLength={8}
        {...form.getInputProps('icd10Code')}
        onChange={({ currentTarget: { value } }) => form.setFieldValue('icd10Code', value.toUpperCase())}
      />
      <Textarea
        className="whole-row"
        label="Note"
        autosize
        maxLength={5000}
        {...form.getInputProps('notes')}
      />
    </FormSection>
  );
}

/** Where it goes, and in whose name. */
export function SendFields({
  form,
  providers,
  user,
}: FieldsProps & { providers: readonly Provider[]; user: User }) {
  const { providerId, pharmacyId } = form.values;
  const isOwn = user.practitioner !== null && providerId === `prov_${user.practitioner}`;
  return (
    <FormSection title="Signature and pharmacy">
      <Select
        label="Prescriber"
        description={
          isOwn ? 'Signed by you, electronically.' : 'Written in this name by you; it carries no e-signature.'
        }
        required
        allowDeselect={false}
        data={providers.map((each) => ({ value: each.id, label: nameOf(each) }))}
        {...form.getInputProps('providerId')}
      />
      <PharmacySelect
        label="Pharmacy"
        description="Left empty, it can be sent later."
        placeholder="Send later"
        {...form.getInputProps('pharmacyId')}
      />
      {pharmacyId !== '' && (
        <Textarea
          className="whole-row"
          label="Note to the pharmacy"
          autosize
          maxLength={5000}
          {...form.getInputProps('pharmacyNotes')}
        />
      )}
    </FormSection>
  );
}
