/// CRC-32 of bytes (IEEE 802.3, as in gzip and PNG) as eight hexadecimal digits: every single flipped bit is found, and every
/// burst of up to 32 bits.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(checksum(b"123456789"), "cbf43926");
    }
}
