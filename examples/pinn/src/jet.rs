//! Jets: a function's value together with its derivatives along the input dimensions.
//!
//! A network carries jets forward instead of values (Taylor propagation): every quantity exists once per CHANNEL, and
//! the channels are stacked, so that one matrix product moves all of them through a layer:
//!
//! ```text
//!   rows 0 .. p        value at each of p points
//!   rows p .. 2p       first derivative along the first dimension that needs one
//!   rows 2p .. 3p      its second derivative, where needed
//!   ...                the next dimension
//! ```

use crate::real::Real;

/// Input dimensions of every problem here: two of space, or space and time.
pub const DIMENSIONS: usize = 2;

/// A place in the domain.
pub type Point = [f64; DIMENSIONS];

/// Value and pure derivatives of a scalar function at one point; also the gradient of a loss with respect to them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jet {
    /// u
    pub value: f64,
    /// ∂u/∂x for every dimension
    pub first: [f64; DIMENSIONS],
    /// ∂²u/∂x² for every dimension
    pub second: [f64; DIMENSIONS],
}

impl Jet {
    /// Every entry multiplied by `factor`.
    pub fn times(&self, factor: f64) -> Self {
        Self {
            value: factor * self.value,
            first: self.first.map(|x| factor * x),
            second: self.second.map(|x| factor * x),
        }
    }
}

/// The highest derivative a problem needs along one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// No derivative.
    Zero,
    /// The first derivative.
    First,
    /// The first and the second derivative.
    Second,
}

/// One dimension along which derivatives are carried, and the channels that hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction {
    /// Index of the input dimension.
    pub dimension: usize,
    /// Channel of the first derivative.
    pub first: usize,
    /// Channel of the second derivative, if carried.
    pub second: Option<usize>,
}

/// Which channels exist and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    directions: Vec<Direction>,
    channels: usize,
}

impl Layout {
    /// Channels for the given order along each dimension.
    pub fn new(orders: [Order; DIMENSIONS]) -> Self {
        let mut layout = Self {
            directions: Vec::new(),
            channels: 1,
        };
        for (dimension, order) in orders.into_iter().enumerate() {
            layout.add(dimension, order);
        }
        layout
    }

    /// The value alone, as boundary points need it.
    pub fn value_only() -> Self {
        Self::new([Order::Zero; DIMENSIONS])
    }

    fn add(&mut self, dimension: usize, order: Order) {
        if order == Order::Zero {
            return;
        }
        let first = self.channels;
        let second = (order == Order::Second).then_some(first + 1);
        self.channels = second.unwrap_or(first) + 1;
        self.directions.push(Direction {
            dimension,
            first,
            second,
        });
    }

    /// Number of channels, the value included.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The dimensions along which derivatives are carried.
    pub fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// The jets of the identity map at `points`, row by row: the input of a network.
    pub fn inputs<F: Real>(&self, points: &[Point]) -> Vec<F> {
        let mut rows = vec![F::rounded(0.0); self.channels * points.len() * DIMENSIONS];
        for (row, point) in rows.chunks_exact_mut(DIMENSIONS).zip(points) {
            row.copy_from_slice(&point.map(F::rounded));
        }
        for direction in &self.directions {
            let channel = channel_mut(&mut rows, direction.first, points.len() * DIMENSIONS);
            for row in channel.chunks_exact_mut(DIMENSIONS) {
                row[direction.dimension] = F::rounded(1.0);
            }
        }
        rows
    }

    /// Reads the jet of point `index` from a column of stacked channels.
    pub fn read<F: Real>(&self, column: &[F], index: usize) -> Jet {
        let points = column.len() / self.channels;
        let at = |channel: usize| column[channel * points + index].widened();
        let mut jet = Jet {
            value: at(0),
            ..Jet::default()
        };
        for direction in &self.directions {
            jet.first[direction.dimension] = at(direction.first);
            jet.second[direction.dimension] = direction.second.map_or(0.0, at);
        }
        jet
    }

    /// Writes the jet of point `index` into a column of stacked channels.
    pub fn write<F: Real>(&self, column: &mut [F], index: usize, jet: &Jet) {
        let points = column.len() / self.channels;
        let mut put = |channel: usize, x: f64| column[channel * points + index] = F::rounded(x);
        put(0, jet.value);
        for direction in &self.directions {
            put(direction.first, jet.first[direction.dimension]);
            if let Some(second) = direction.second {
                put(second, jet.second[direction.dimension]);
            }
        }
    }
}

/// Channel number `index` of stacked channels with `len` elements each.
pub fn channel<F>(stack: &[F], index: usize, len: usize) -> &[F] {
    &stack[index * len..][..len]
}

/// Channel number `index` of stacked channels with `len` elements each, to write to.
pub fn channel_mut<F>(stack: &mut [F], index: usize, len: usize) -> &mut [F] {
    &mut stack[index * len..][..len]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_follow_the_documented_order() {
        let burgers = Layout::new([Order::Second, Order::First]);
        assert_eq!(burgers.channels(), 4);
        let [space, time] = burgers.directions() else {
            panic!("two directions expected")
        };
        assert_eq!(
            (space.dimension, space.first, space.second),
            (0, 1, Some(2))
        );
        assert_eq!((time.dimension, time.first, time.second), (1, 3, None));
        assert_eq!(Layout::value_only().channels(), 1);
    }

    #[test]
    fn inputs_are_the_jets_of_the_coordinates() {
        let layout = Layout::new([Order::Zero, Order::Second]);
        let rows: Vec<f64> = layout.inputs(&[[0.5, 2.0], [3.0, 4.0]]);
        assert_eq!(
            rows,
            [0.5, 2.0, 3.0, 4.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn jets_survive_a_round_trip_through_a_column() {
        let layout = Layout::new([Order::Second, Order::Second]);
        let jet = Jet {
            value: 1.0,
            first: [2.0, 3.0],
            second: [4.0, 5.0],
        };
        let mut column = [0.0f64; 10];
        layout.write(&mut column, 1, &jet);
        assert_eq!(layout.read(&column, 1), jet);
        assert_eq!(layout.read(&column, 0), Jet::default());
    }
}
