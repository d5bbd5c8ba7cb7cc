//! Training points and the test grid.

use super::definition::Problem;
use crate::jet::{DIMENSIONS, Point};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// `count` uniformly distributed points inside the domain.
pub fn interior(problem: &dyn Problem, count: usize, random: &mut ChaCha8Rng) -> Vec<Point> {
    (0..count).map(|_| uniform(problem, random)).collect()
}

/// `count` points on the faces, uniform on each, as many on each as its share asks for.
pub fn boundary(problem: &dyn Problem, count: usize, random: &mut ChaCha8Rng) -> Vec<Point> {
    let faces = problem.faces();
    let (mut points, mut share) = (Vec::with_capacity(count), 0.0);
    for face in faces {
        share += face.share;
        let end = ((share * count as f64).round() as usize).min(count);
        points.resize_with(end.max(points.len()), || {
            let mut point = uniform(problem, random);
            point[face.dimension] = face.at;
            point
        });
    }
    points
}

fn uniform(problem: &dyn Problem, random: &mut ChaCha8Rng) -> Point {
    problem
        .domain()
        .map(|[low, high]| random.random_range(low..high))
}

/// A regular grid with `side` points along each coordinate, both ends included; the first coordinate runs fastest.
pub fn grid(problem: &dyn Problem, side: usize) -> Vec<Point> {
    let [x, y] = problem
        .domain()
        .map(|[low, high]| move |i: usize| low + (high - low) * i as f64 / (side - 1) as f64);
    let index = |n: usize| [n % side, n / side];
    (0..side.pow(DIMENSIONS as u32))
        .map(index)
        .map(|[i, j]| [x(i), y(j)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Burgers;
    use rand::SeedableRng;

    #[test]
    fn boundary_points_lie_on_the_faces_in_their_shares() {
        let random = &mut ChaCha8Rng::seed_from_u64(1);
        let points = boundary(&Burgers::default(), 40, random);
        let on = |test: &dyn Fn(&Point) -> bool| points.iter().filter(|p| test(p)).count();
        assert_eq!(on(&|p| p[0] == -1.0), 10);
        assert_eq!(on(&|p| p[0] == 1.0), 10);
        assert_eq!(on(&|p| p[1] == 0.0), 20);
    }

    #[test]
    fn every_boundary_point_is_drawn_whatever_the_count() {
        let random = &mut ChaCha8Rng::seed_from_u64(1);
        for count in [0, 1, 2, 3, 5, 41] {
            assert_eq!(boundary(&Burgers::default(), count, random).len(), count);
        }
    }

    #[test]
    fn grid_reaches_the_corners() {
        let points = grid(&Burgers::default(), 3);
        assert_eq!(points.len(), 9);
        assert_eq!(
            (points[0], points[2], points[8]),
            ([-1.0, 0.0], [1.0, 0.0], [1.0, 1.0])
        );
        assert_eq!(points[3], [-1.0, 0.5]);
    }
}
