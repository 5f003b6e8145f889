use image::codecs::jpeg::JpegEncoder;
use image::{GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};

use super::*;

/// Made by libjpeg-turbo: 27x20 pixels, some with a restart marker in every unit or row of units.
const FILES: [(&str, &[u8]); 5] = [
    ("progressive", include_bytes!("tests/progressive.jpg")),
    ("restarts", include_bytes!("tests/restarts.jpg")),
    ("progressive with restarts", include_bytes!("tests/progressive_restarts.jpg")),
    ("grey, progressive", include_bytes!("tests/grey_progressive.jpg")),
    ("four inks", include_bytes!("tests/cmyk.jpg")),
];

/// A picture without two equal pixels beside one another.
fn colourful(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(40 * x + 3) as u8, (50 * y + 5) as u8, (20 * (x + y)) as u8]))
}

fn png(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

fn baseline() -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&colourful(21, 13)).unwrap();
    bytes
}

/// All JPEGs: name and bytes.
fn jpegs() -> Vec<(&'static str, Vec<u8>)> {
    let files = FILES.map(|(name, bytes)| (name, bytes.to_vec()));
    files.into_iter().chain([("baseline", baseline())]).collect()
}

fn refusal(bytes: &[u8]) -> String {
    Picture::decode(bytes).expect_err("refused").to_string()
}

#[test]
fn whole_jpegs_of_all_kinds_are_read() {
    for (name, bytes) in jpegs() {
        let picture = Picture::decode(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        let size = if name == "baseline" { (13, 21) } else { (20, 27) };
        assert_eq!((picture.shape.height, picture.shape.width), size, "{name}");
        assert_eq!(picture.pixels.len(), picture.shape.len());
        assert!(!picture.was_turned && !picture.was_transparent);
        let (least, most) = (picture.pixels.iter().min().unwrap(), picture.pixels.iter().max().unwrap());
        assert!(most - least > 100, "{name}: {least} to {most}");
    }
}

#[test]
fn a_jpeg_cut_off_anywhere_is_refused_and_said_to_be_cut_off() {
    for (name, bytes) in jpegs() {
        for length in 1..bytes.len() {
            let refusal = refusal(&bytes[..length]);
            assert!(refusal.contains("the JPEG is cut off (its end marker is missing)"), "{name}, {length}: {refusal}");
        }
    }
    assert!(refusal(&[]).contains("cut off"));
}

#[test]
fn a_jpeg_that_was_cut_and_closed_is_refused() {
    for (name, bytes) in jpegs() {
        let scan = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        for length in scan..bytes.len() - 2 {
            let closed = [&bytes[..length], &[0xff, 0xd9]].concat();
            assert!(refusal(&closed).contains("the JPEG is"), "{name}, {length}");
        }
    }
}

#[test]
fn bits_flipped_in_a_scan_are_found_where_they_change_a_length() {
    for (name, bytes) in jpegs() {
        let scan = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        let bits = 8 * (scan + 14)..8 * bytes.len();
        let flipped = |bit: usize| {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            bytes
        };
        let total = bits.len();
        let found = bits.filter(|&bit| Picture::decode(&flipped(bit)).is_err()).count();
        // The others change the value of a coefficient and nothing besides.
        assert!(4 * found > total, "{name}: {found} of {total}");
    }
}

#[test]
fn bytes_after_the_end_of_a_jpeg_do_not_matter() {
    let bytes = baseline();
    let longer = [bytes.as_slice(), b"a second picture"].concat();
    assert_eq!(Picture::decode(&longer).unwrap(), Picture::decode(&bytes).unwrap());
}

#[test]
fn a_png_with_any_byte_missing_or_changed_is_refused() {
    let bytes = png(&colourful(5, 4).into());
    for length in 1..bytes.len() {
        assert!(refusal(&bytes[..length]).contains("the PNG is cut off"), "{length}");
        let mut changed = bytes.clone();
        changed[length] ^= 4;
        assert!(Picture::decode(&changed).is_err(), "{length}");
    }
}

#[test]
fn images_that_claim_to_be_huge_are_refused_before_they_take_memory() {
    let mut bytes = png(&colourful(2, 2).into());
    // The header chunk: its name at 12, width and height at 16, its checksum at 29.
    bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let checksum = crc32fast::hash(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    assert!(refusal(&bytes).contains("60000x60000 pixels, and 16777216 are the most"), "{}", refusal(&bytes));
    for (name, mut bytes) in jpegs() {
        let frame = bytes.windows(2).position(|pair| pair[0] == 0xff && (0xc0..0xc3).contains(&pair[1])).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
        assert!(refusal(&bytes).contains("60000x60000 pixels, and 16777216 are the most"), "{name}");
        // Small enough to be tried, but the scan does not hold it.
        bytes[frame + 5..frame + 9].copy_from_slice(&[0x0f, 0, 0x0f, 0]);
        assert!(refusal(&bytes).contains("the JPEG is damaged"), "{name}: {}", refusal(&bytes));
    }
}

#[test]
fn other_formats_are_named_as_such() {
    assert!(refusal(b"GIF89a").starts_with("not a readable image (neither PNG nor JPEG)"));
}

/// The planes of `image` as they are seen where it is stored with an EXIF orientation: which side of the picture its first
/// row is, and which its first column.
fn upright(image: &RgbImage, orientation: u8) -> (u32, Vec<u8>) {
    let (width, height) = image.dimensions();
    let place = |x: u32, y: u32| match orientation {
        1 => (x, y),
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (height - 1 - y, x),
        7 => (height - 1 - y, width - 1 - x),
        _ => (y, width - 1 - x),
    };
    let (wide, high) = if orientation > 4 { (height, width) } else { (width, height) };
    let mut seen = RgbImage::new(wide, high);
    for (x, y, &pixel) in image.enumerate_pixels() {
        let (x, y) = place(x, y);
        seen.put_pixel(x, y, pixel);
    }
    (wide, planar(&seen))
}

/// EXIF data with an orientation, in either order of bytes.
fn exif(orientation: u8) -> Vec<u8> {
    match orientation % 2 {
        0 => [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]].concat(),
        _ => [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".as_slice(), &[0, orientation, 0, 0], &[0; 4]].concat(),
    }
}

#[test]
fn pictures_stand_upright_whatever_their_exif_orientation() {
    let image = colourful(3, 2);
    let (plain, jpeg) = (png(&image.clone().into()), baseline());
    let lying = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    for orientation in 1..=8 {
        let exif = exif(orientation);
        let chunk = [b"eXIf", exif.as_slice()].concat();
        let chunk =
            [&(exif.len() as u32).to_be_bytes(), chunk.as_slice(), &crc32fast::hash(&chunk).to_be_bytes()].concat();
        let end = plain.len() - 12;
        // Before the pixels, and behind them.
        for place in [33, end] {
            let picture = Picture::decode(&[&plain[..place], &chunk, &plain[place..]].concat()).unwrap();
            let seen = (picture.shape.width as u32, picture.pixels);
            assert_eq!(seen, upright(&image, orientation), "PNG, {orientation}");
            assert_eq!(picture.was_turned, orientation != 1);
        }
        let segment = [[0xff, 0xe1, 0, 8 + exif.len() as u8].as_slice(), b"Exif\0\0", &exif].concat();
        let picture = Picture::decode(&[&jpeg[..2], &segment, &jpeg[2..]].concat()).unwrap();
        assert_eq!((picture.shape.width as u32, picture.pixels), upright(&lying, orientation), "JPEG, {orientation}");
    }
}

#[test]
fn transparency_is_laid_on_white_in_every_kind_of_png() {
    let shown = |image: DynamicImage| {
        let picture = Picture::decode(&png(&image)).unwrap();
        (picture.pixels, picture.was_transparent)
    };
    let rgba = |alpha| shown(ImageBuffer::from_pixel(1, 1, Rgba([10_u8, 100, 200, alpha])).into());
    assert_eq!(rgba(0), (vec![255; 3], true));
    assert_eq!(rgba(128), (vec![132, 177, 227], true));
    assert_eq!(rgba(255), (vec![10, 100, 200], false));
    assert_eq!(shown(GrayAlphaImage::from_pixel(1, 1, LumaA([0, 51])).into()), (vec![204; 3], true));
    let deep = ImageBuffer::from_pixel(1, 1, Rgba([0_u16, 65_535, 0, 0]));
    assert_eq!(shown(DynamicImage::ImageRgba16(deep)), (vec![255; 3], true));
    assert_eq!(shown(GrayImage::from_pixel(1, 1, Luma([7])).into()), (vec![7; 3], false));
    let deep = ImageBuffer::from_pixel(1, 1, Luma([0x8080_u16]));
    assert_eq!(shown(DynamicImage::ImageLuma16(deep)), (vec![0x80; 3], false));
}

#[test]
fn a_palette_with_transparency_is_laid_on_white() {
    // Two pixels of one bit: the first colour of the palette, half transparent, and the second.
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let chunk = [name, content].concat();
        [&(content.len() as u32).to_be_bytes(), chunk.as_slice(), &crc32fast::hash(&chunk).to_be_bytes()].concat()
    };
    let header = [0, 0, 0, 2, 0, 0, 0, 1, 1, 3, 0, 0, 0];
    // A stored block of two bytes: no filter, 01.
    let pixels = [0x78, 0x01, 1, 2, 0, 0xfd, 0xff, 0, 0x40, 0, 0x42, 0, 0x41];
    let chunks = [
        chunk(b"IHDR", &header),
        chunk(b"PLTE", &[0, 0, 0, 9, 8, 7]),
        chunk(b"tRNS", &[51]),
        chunk(b"IDAT", &pixels),
        chunk(b"IEND", &[]),
    ];
    let picture = Picture::decode(&[b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat()).unwrap();
    assert_eq!((picture.pixels, picture.was_transparent), (vec![204, 9, 204, 8, 204, 7], true));
}
