import { PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Account, Proof } from '../../api/account';

/** What is in force, typed once more, and its fields. */
export function useProof({ mfa }: Account) {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const proof: Proof = { password, ...(mfa && { mfaCode: code.trim() }) };
  return {
    proof,
    isTyped: password !== '' && (!mfa || code.trim() !== ''),
    fields: (faults: Readonly<Record<string, string>>) => (
      <>
        <PasswordInput
          label="Present password"
          autoComplete="current-password"
          required
          data-autofocus
          maxLength={256}
          value={password}
          onChange={({ currentTarget: { value } }) => setPassword(value)}
          error={faults['password']}
        />
        {mfa && (
          <CodeField
            label="Code of your authenticator"
            value={code}
            onChange={setCode}
            error={faults['mfaCode']}
          />
        )}
      </>
    ),
  };
}

interface CodeFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
}

/** Six digits of an authenticator application. */
export function CodeField({ label, value, onChange, error }: CodeFieldProps) {
  return (
    <TextInput
      label={label}
      description="Six digits"
      inputMode="numeric"
      autoComplete="one-time-code"
      required
      maxLength={8}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      error={error}
    />
  );
}
