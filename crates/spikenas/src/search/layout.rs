//! The sizes of a network that use a budget up.

use super::config::{Layout, SearchConfig};
use crate::cost::{DeviceNeed, Ledger};
use crate::graph::{Dynamics, Graph, NetworkConfig, Shape, Sizes};
use crate::space::{Architecture, Cell, Edge, Operation};
use crate::{Error, Result};

/// The classifier may take the budget divided by this: more parameters do more in convolutions.
const CLASSIFIER: u64 = 3;
/// Positions per side that the classifier sees, and the neurons of its hidden layer: the first that is not too large is taken. One
/// position, global average pooling, comes late: it cost 8 points on the built-in images. Seven are for images of 28 or 56 rows, whose
/// maps four do not divide.
const CLASSIFIERS: [(usize, usize); 13] = [
    (4, 256),
    (7, 128),
    (4, 128),
    (7, 64),
    (4, 64),
    (7, 32),
    (2, 128),
    (2, 64),
    (4, 32),
    (2, 32),
    (1, 64),
    (1, 32),
    (1, 16),
];
/// Edges in the order in which convolutions are put on them to measure what a cell needs: the longest path first.
const EDGES: [Edge; 6] = [Edge::E01, Edge::E12, Edge::E23, Edge::E02, Edge::E13, Edge::E03];
/// The widest network.
const WIDEST: usize = 1024;

/// What a network has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    cells: usize,
    /// Channels after the first reduction, for each channel before it.
    ratio: usize,
    /// The largest operations in each cell, one after the other as far as that goes.
    convolutions: usize,
}

impl Room {
    /// All that are looked at, two cells and three convolutions first.
    fn all() -> Vec<Self> {
        let mut all: Vec<Self> = [3, 2, 4].into_iter().flat_map(Self::of_convolutions).collect();
        let others = (1..=6).rev().flat_map(|convolutions| {
            (1..=3)
                .rev()
                .flat_map(move |cells| [2, 3, 4, 1].into_iter().map(move |ratio| Self { cells, ratio, convolutions }))
        });
        for room in others {
            if !all.contains(&room) {
                all.push(room);
            }
        }
        all
    }

    fn of_convolutions(convolutions: usize) -> [Self; 4] {
        [(2, 2), (3, 2), (2, 4), (3, 4)].map(|(cells, ratio)| Self { cells, ratio, convolutions })
    }
}

impl Layout {
    /// Different choices of sizes, each of which uses the budget up with a certain number of convolutions in each cell: the widest
    /// network that still has room for them, its classifier the largest that takes at most a third of the budget, where that is possible.
    /// As many as there are finalists, or one; fewer where there are no more. Of settings that are listed, each that fits is among them.
    ///
    /// What is not chosen is taken from `network`. Errors: no network of the space fits; images that fit no network.
    pub fn lay_out(&self, config: &SearchConfig, network: &NetworkConfig, input: Shape) -> Result<Vec<Sizes>> {
        self.lists.check_range(network)?;
        let dynamics = self.lists.dynamics(network);
        let each = self.finalists.max(1).div_ceil(dynamics.len());
        let budget = config.budget_parameters().unwrap_or(u64::MAX);
        let (mut chosen, mut smallest, mut fault) = (Vec::new(), None, None);
        for &dynamics in &dynamics {
            let frame = Frame { layout: self, config, network, dynamics, input, budget };
            let mut of_these: Vec<Sizes> = Vec::new();
            for attempt in frame.attempts() {
                if self.lists.widths.is_empty() && of_these.len() >= each {
                    break;
                }
                match frame.sizes(attempt) {
                    Ok(Ok(sizes)) if of_these.contains(&sizes) => {}
                    Ok(Ok(sizes)) => of_these.push(sizes),
                    Ok(Err(needed)) => smallest = Some(needed.least_of(smallest)),
                    Err(error) => fault = Some(error),
                }
            }
            chosen.push(of_these);
        }
        let most = chosen.iter().map(Vec::len).max().unwrap_or(0);
        // The first of each before the second of any: fewer may be compared than there are.
        let chosen: Vec<Sizes> =
            (0..most).flat_map(|rank| chosen.iter().filter_map(move |all| all.get(rank).copied())).collect();
        let dynamics = dynamics.first().copied().flatten();
        let frame = Frame { layout: self, config, network, dynamics, input, budget };
        match (chosen.is_empty(), smallest, fault) {
            (true, Some(smallest), _) => Err(frame.too_small(smallest)),
            (true, None, Some(fault)) => Err(fault),
            _ => Ok(chosen),
        }
    }

    /// The sizes of a network whose sizes were chosen.
    pub fn sizes_of(&self, network: &NetworkConfig) -> Sizes {
        let dynamics = self.lists.has_dynamics().then(|| network.dynamics());
        Sizes { dynamics, ..network.sizes() }
    }
}

/// What is looked at: widths as large as the limit lets them be, or those of a list.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Widest(Room),
    Given { cells: usize, widths: [usize; 2] },
}

/// What a network takes of each limit: parameters of the budget's scope, and whatever the device limits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Needs {
    parameters: u64,
    device: Vec<DeviceNeed>,
}

impl Needs {
    /// Of each limit the less of both.
    fn least_of(mut self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        self.parameters = self.parameters.min(other.parameters);
        DeviceNeed::least(&mut self.device, other.device);
        self
    }
}

/// A network that fits.
#[derive(Clone, Copy)]
struct Fitting {
    sizes: Sizes,
    /// Whether its classifier takes no more than its part.
    is_balanced: bool,
}

/// What all sizes of a layout have in common.
struct Frame<'a> {
    layout: &'a Layout,
    config: &'a SearchConfig,
    network: &'a NetworkConfig,
    /// How its neurons behave over time, where that is chosen, too.
    dynamics: Option<Dynamics>,
    input: Shape,
    budget: u64,
}

impl Frame<'_> {
    /// All that are looked at, in their order.
    fn attempts(&self) -> Vec<Attempt> {
        let Self { layout: Layout { lists, cells: is_open, .. }, network, .. } = self;
        let fits = |cells: usize| {
            lists.cells.contains(&cells) || lists.cells.is_empty() && (*is_open || cells == network.cells)
        };
        if lists.widths.is_empty() {
            return Room::all().into_iter().filter(|room| fits(room.cells)).map(Attempt::Widest).collect();
        }
        let cells = if lists.cells.is_empty() { vec![network.cells] } else { lists.cells.clone() };
        let given = |cells| move |&widths: &[usize; 2]| Attempt::Given { cells, widths };
        cells.into_iter().flat_map(|cells| lists.widths.iter().map(given(cells))).collect()
    }

    /// The sizes of an attempt; what the smallest network needs where none fits.
    fn sizes(&self, attempt: Attempt) -> Result<std::result::Result<Sizes, Needs>> {
        match attempt {
            Attempt::Widest(room) => self.widest(room),
            Attempt::Given { cells, widths } => {
                let NetworkConfig { last_pool, hidden, .. } = *self.network;
                let room = Room { cells, ratio: 1, convolutions: 0 };
                Ok(self.fitting(room, widths, (last_pool, hidden))?.map(|fitting| fitting.sizes))
            }
        }
    }

    /// The error where nothing fits: the limit that the smallest network is beyond.
    fn too_small(&self, smallest: Needs) -> Error {
        let bits = self.config.device.as_ref().map_or(0, |device| device.bits.get());
        if let Some(DeviceNeed { what, limit, needed }) = smallest.device.into_iter().find(|need| !need.is_met()) {
            return Error::Device { what, limit, smallest: needed, bits };
        }
        let (budget, scope) = (self.budget, self.config.scope.name());
        Error::TooSmall { budget, scope, smallest: smallest.parameters }
    }

    /// The widest network with room for so much and the largest classifier that is not too large; what the narrowest needs where none
    /// fits.
    fn widest(&self, room: Room) -> Result<std::result::Result<Sizes, Needs>> {
        let (mut smallest, mut last): (Option<Needs>, _) = (None, None);
        for classifier in self.classifiers(room.cells) {
            match self.widest_with(room, classifier)? {
                Ok(fitting) if fitting.is_balanced => return Ok(Ok(fitting.sizes)),
                Ok(fitting) => last = Some(fitting.sizes),
                Err(needed) => smallest = Some(needed.least_of(smallest)),
            }
        }
        let none = || Error::invalid("the network has no classifier");
        last.map_or_else(|| smallest.map(Err).ok_or_else(none), |sizes| Ok(Ok(sizes)))
    }

    /// The widest network with room for so much and with a classifier; what the narrowest needs where it does not fit.
    fn widest_with(&self, room: Room, classifier: (usize, usize)) -> Result<std::result::Result<Fitting, Needs>> {
        let mut first = step(0);
        let mut widest = match self.fitting(room, [first, first * room.ratio], classifier)? {
            Ok(fitting) => fitting,
            Err(needed) => return Ok(Err(needed)),
        };
        while (first + step(first)) * room.ratio <= WIDEST {
            first += step(first);
            match self.fitting(room, [first, first * room.ratio], classifier)? {
                Ok(fitting) => widest = fitting,
                Err(_) => break,
            }
        }
        // What is left goes into the second width.
        loop {
            let [first, second] = widest.sizes.widths;
            match self.fitting(room, [first, second + step(second)], classifier)? {
                Ok(fitting) if second < WIDEST => widest = fitting,
                _ => return Ok(Ok(widest)),
            }
        }
    }

    /// The sizes with these widths, where they fit; what they need otherwise.
    fn fitting(
        &self,
        room: Room,
        widths: [usize; 2],
        (last_pool, hidden): (usize, usize),
    ) -> Result<std::result::Result<Fitting, Needs>> {
        let architecture = Architecture::repeated(self.cell(room.convolutions), room.cells)?;
        let sizes = Sizes { cells: room.cells, widths, last_pool, hidden, dynamics: self.dynamics };
        let graph = Graph::new(&architecture, &self.network.with_sizes(sizes), self.input)?;
        let count = Ledger::new(&graph).count();
        let mut needs = Needs { parameters: count.in_scope(self.config.scope), device: Vec::new() };
        let (mut fits, mut is_balanced) =
            (needs.parameters <= self.budget, count.classifier <= self.budget / CLASSIFIER);
        if let Some(device) = &self.config.device {
            needs.device = device.needs(&graph)?;
            fits &= needs.device.iter().all(DeviceNeed::is_met);
            let bytes = device.bits.bytes(usize::try_from(count.classifier).unwrap_or(usize::MAX)) as u64;
            is_balanced &= device.flash.is_none_or(|flash| bytes <= flash / CLASSIFIER);
        }
        Ok(if fits { Ok(Fitting { sizes, is_balanced }) } else { Err(needs) })
    }

    /// Poolings and hidden layers to choose from, the largest classifier first.
    fn classifiers(&self, cells: usize) -> Vec<(usize, usize)> {
        let NetworkConfig { last_pool, hidden, .. } = *self.network;
        let Shape { height, width, .. } = self.input;
        let reductions = NetworkConfig { cells, ..self.network.clone() }.reductions();
        let (height, width) = (height >> reductions, width >> reductions);
        let pool = |positions: usize| {
            let pool = height.min(width) / positions;
            let divides = pool > 0 && height.is_multiple_of(pool) && width.is_multiple_of(pool);
            divides.then_some(pool)
        };
        let open = CLASSIFIERS.into_iter().filter_map(|(positions, neurons)| {
            let pool = if self.layout.last_pool { pool(positions)? } else { last_pool };
            Some((pool, if self.layout.hidden { neurons } else { hidden }))
        });
        let mut classifiers: Vec<_> = open.collect();
        if classifiers.is_empty() {
            // Images of odd sides: what their network says of them is the error.
            classifiers.push((last_pool, hidden));
        }
        classifiers
    }

    /// The smallest cell with so many of the space's largest operations.
    fn cell(&self, convolutions: usize) -> Cell {
        let size = |operation: &Operation| operation.kernel().map_or(0, |kernel| kernel.side());
        let connecting = self.config.operations.iter().copied().filter(|&operation| operation != Operation::Zeroize);
        let smallest = connecting.clone().min_by_key(size).unwrap_or(Operation::Skip);
        let largest = connecting.max_by_key(size).unwrap_or(Operation::Skip);
        EDGES.into_iter().take(convolutions).fold(Cell::uniform(smallest), |cell, edge| cell.with(edge, largest))
    }
}

/// The distance of a width to the next: fine enough to use a budget up, and coarse enough for the engine's vectors.
fn step(width: usize) -> usize {
    match width {
        0 => 4,
        1..64 => 2,
        64..128 => 4,
        128..256 => 8,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{DeviceLimits, ParameterCount, Scope};
    use crate::search::Lists;

    const CIFAR: Shape = Shape { channels: 3, height: 32, width: 32 };

    fn under(budget: &str) -> SearchConfig {
        SearchConfig { budget: Some(budget.parse().unwrap()), scope: Scope::Network, ..SearchConfig::default() }
    }

    fn laid_out(layout: &Layout, config: &SearchConfig, input: Shape) -> Result<Vec<Sizes>> {
        layout.lay_out(config, &NetworkConfig::preset("cifar10").unwrap(), input)
    }

    #[test]
    fn the_limits_of_a_device_are_used_up_and_one_that_admits_nothing_is_named() {
        let network = NetworkConfig::preset("sample").unwrap();
        let lay_out = |flash: Option<u64>, ram: Option<u64>, finalists| {
            let device = DeviceLimits { flash, ram, ..DeviceLimits::default() };
            let config = SearchConfig { device: Some(device), ..SearchConfig::default() };
            Layout::of(finalists).lay_out(&config, &network, CIFAR)
        };
        let ledger = |sizes: Sizes| {
            let graph = Graph::new(&"0311 0031 0003 0000".parse().unwrap(), &network.with_sizes(sizes), CIFAR).unwrap();
            DeviceLimits::default().ledger(&graph).unwrap()
        };
        let flash = lay_out(Some(64 << 10), None, 0).unwrap()[0];
        assert!((58 << 10..=64 << 10).contains(&ledger(flash).flash.bytes), "{flash}: {}", ledger(flash).flash.bytes);
        let ram = lay_out(Some(1 << 20), Some(48 << 10), 0).unwrap()[0];
        assert!((42 << 10..=48 << 10).contains(&ledger(ram).ram.bytes), "{ram}: {}", ledger(ram).ram.bytes);
        for choice in lay_out(Some(64 << 10), Some(48 << 10), 8).unwrap() {
            assert!(choice.widths[0] <= ram.widths[0], "{choice}");
        }
        let error = lay_out(Some(1 << 20), Some(3200), 0).unwrap_err().to_string();
        assert!(error.contains("3200 bytes of RAM, weights of 8 bits: the smallest needs"), "{error}");
        let error = lay_out(Some(300), Some(1 << 20), 0).unwrap_err().to_string();
        assert!(error.contains("300 bytes of flash"), "{error}");
    }

    fn parameters(cells: &str, sizes: Sizes, input: Shape) -> ParameterCount {
        let network = NetworkConfig::preset("cifar10").unwrap().with_sizes(sizes);
        let architecture =
            Architecture::repeated(cells.parse::<Architecture>().unwrap().cells()[0], sizes.cells).unwrap();
        Ledger::new(&Graph::new(&architecture, &network, input).unwrap()).count()
    }

    #[test]
    fn the_first_sizes_use_a_budget_up_with_three_convolutions_in_each_cell() {
        for budget in ["40k", "100k", "340k", "1.2M"] {
            let config = under(budget);
            let all = laid_out(&Layout::of(8), &config, CIFAR).unwrap();
            assert_eq!(all.len(), 8, "{budget}");
            let budget = config.budget_parameters().unwrap();
            for &sizes in &all[..4] {
                let count = parameters("0311 0031 0003 0000", sizes, CIFAR);
                assert!(count.network <= budget && count.network * 10 > budget * 8, "{sizes}: {count:?}");
                assert!(count.classifier * 3 <= budget, "{sizes}: {count:?}");
            }
            let first = parameters("0311 0031 0003 0000", all[0], CIFAR);
            assert!(first.network * 100 > budget * 94, "{}: {first:?}", all[0]);
            assert!(all.iter().enumerate().all(|(at, sizes)| !all[..at].contains(sizes)));
        }
    }

    #[test]
    fn what_is_given_stays_as_it_is() {
        let layout = Layout { finalists: 4, cells: false, last_pool: false, hidden: true, lists: Lists::default() };
        let given = NetworkConfig { cells: 3, last_pool: 8, ..NetworkConfig::preset("cifar10").unwrap() };
        let all = layout.lay_out(&under("100k"), &given, CIFAR).unwrap();
        assert!(all.len() == 4 && all.iter().all(|sizes| (sizes.cells, sizes.last_pool) == (3, 8)), "{all:?}");
        let layout = Layout { last_pool: true, hidden: false, ..layout.clone() };
        let all = layout.lay_out(&under("400k"), &given, CIFAR).unwrap();
        assert!(all.iter().all(|sizes| (sizes.cells, sizes.hidden) == (3, 1024)), "{all:?}");
    }

    #[test]
    fn settings_that_are_listed_are_all_compared_as_far_as_they_fit() {
        let lists = |widths: &[[usize; 2]]| Lists {
            widths: widths.to_vec(),
            cells: vec![2, 3],
            timesteps: vec![2, 4],
            threshold: vec![0.5, 1.0],
            ..Lists::default()
        };
        let given = NetworkConfig { last_pool: 4, hidden: 32, ..NetworkConfig::preset("cifar10").unwrap() };
        let lay_out = |widths: &[[usize; 2]], finalists, budget: &str| {
            let layout = Layout { cells: false, lists: lists(widths), ..Layout::of(finalists) };
            layout.lay_out(&under(budget), &given, CIFAR)
        };
        let all = lay_out(&[[16, 32], [24, 48]], 16, "400k").unwrap();
        assert_eq!(all.len(), 16);
        assert!(all.iter().enumerate().all(|(at, sizes)| !all[..at].contains(sizes)));
        let first: Vec<Option<Dynamics>> = all[..4].iter().map(|sizes| sizes.dynamics).collect();
        assert!(
            first.iter().enumerate().all(|(at, one)| !first[..at].contains(one)),
            "each comes first once: {first:?}"
        );
        let fitting = lay_out(&[[16, 32], [512, 1024]], 16, "400k").unwrap();
        assert!(fitting.len() == 8 && fitting.iter().all(|sizes| sizes.widths == [16, 32]), "{fitting:?}");
        let wide = lay_out(&[], 8, "400k").unwrap();
        assert!(wide.len() == 8 && wide.iter().all(|sizes| sizes.cells > 1 && sizes.dynamics.is_some()), "{wide:?}");
        assert!(lay_out(&[[512, 1024]], 16, "20k").unwrap_err().to_string().contains("the smallest needs"));
        let layout = |finalists| Layout { lists: lists(&[[16, 32]]), ..Layout::of(finalists) };
        let check = |finalists| SearchConfig { layout: Some(layout(finalists)), ..under("400k") }.check();
        assert!(check(7).unwrap_err().to_string().contains("8 settings are listed"), "{:?}", check(7));
        check(8).unwrap();
    }

    #[test]
    fn images_of_any_sides_that_a_network_takes_are_laid_out_for() {
        for side in [8, 28, 64, 224] {
            let input = Shape { channels: 3, height: side, width: side };
            let all = laid_out(&Layout::of(8), &under("100k"), input).unwrap();
            all.iter().for_each(|&sizes| _ = parameters("0313 0031 0003 0000", sizes, input));
        }
        let odd = Shape { channels: 3, height: 33, width: 33 };
        let message = laid_out(&Layout::of(8), &under("100k"), odd).unwrap_err().to_string();
        assert!(message.contains("33x33"), "{message}");
    }

    #[test]
    fn a_budget_that_nothing_fits_names_the_smallest_network_of_all() {
        let smallest = "smallest needs ";
        let message = laid_out(&Layout::of(0), &under("1k"), CIFAR).unwrap_err().to_string();
        let needed: u64 = message.split(smallest).nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        let config = under(&needed.to_string());
        let all = laid_out(&Layout::of(8), &config, CIFAR).unwrap();
        assert!(parameters("0111 0011 0001 0000", all[0], CIFAR).network <= needed);
        assert!(laid_out(&Layout::of(8), &under(&(needed - 1).to_string()), CIFAR).is_err());
    }

    #[test]
    fn layouts_need_a_budget() {
        let without = SearchConfig { layout: Some(Layout::of(8)), ..SearchConfig::default() };
        assert!(without.check().unwrap_err().to_string().contains("budget"));
        let many = SearchConfig { layout: Some(Layout::of(65)), ..under("40k") };
        assert!(many.check().unwrap_err().to_string().contains("finalists 65"));
    }
}
