import { Box } from '@mantine/core';
import { QRCodeSVG } from 'qrcode.react';

/** Dark on light in both schemes, with the quiet zone of ISO/IEC 18004: cameras want it so. */
export function QrCode({ value, title }: { value: string; title: string }) {
  return (
    <Box bg="white" w="fit-content" mx="auto">
      <QRCodeSVG value={value} size={196} marginSize={4} title={title} />
    </Box>
  );
}
