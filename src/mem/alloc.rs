// SPDX-License-Identifier: MIT OR Apache-2.0

//! Box, Rc and a boxed slice whose allocation may fail: those of the standard library abort the
//! process when there is no memory.

use core::cell::Cell;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;

/// Memory for `count` values, not initialized. None: there is none, or `T` needs a larger alignment
/// than malloc(3) guarantees.
fn alloc<T>(count: usize) -> Option<NonNull<T>> {
    let bytes = size_of::<T>().checked_mul(count)?.max(1);
    if align_of::<T>() > align_of::<u64>() {
        return None;
    }
    // SAFETY: the argument is a number. The memory that malloc returns, if any, is ours.
    NonNull::new(unsafe { libc::malloc(bytes) }.cast())
}

/// A value on the heap, which C holds as a pointer.
pub(crate) struct TryBox<T>(NonNull<T>);

impl<T> TryBox<T> {
    pub(crate) fn new(value: T) -> Option<TryBox<T>> {
        let room = alloc::<T>(1)?;
        // SAFETY: `room` is memory for one value, with the alignment of `T`, that nobody else
        // knows.
        unsafe { room.write(value) };
        Some(TryBox(room))
    }

    /// The pointer, whose owner has to pass it to `from_raw` once.
    pub(crate) fn into_raw(self) -> *mut T {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }

    /// The inverse of `into_raw`; None for null.
    ///
    /// # Safety
    ///
    /// `raw` is null, or it came from `into_raw` and is not used any more.
    pub(crate) unsafe fn from_raw(raw: *mut T) -> Option<TryBox<T>> {
        NonNull::new(raw).map(TryBox)
    }
}

impl<T> Drop for TryBox<T> {
    fn drop(&mut self) {
        // SAFETY: `new` wrote the value, we own it, and nobody uses it any more.
        unsafe { ptr::drop_in_place(self.0.as_ptr()) };
        // SAFETY: the memory came from malloc in `alloc`, and nobody uses it any more.
        unsafe { libc::free(self.0.as_ptr().cast()) };
    }
}

/// A value with several owners, used by one thread at a time; the last owner drops it.
pub(crate) struct Rc<T>(NonNull<Counted<T>>);

struct Counted<T> {
    owners: Cell<usize>,
    value: T,
}

impl<T> Rc<T> {
    pub(crate) fn new(value: T) -> Option<Rc<T>> {
        let counted = TryBox::new(Counted { owners: Cell::new(1), value })?;
        NonNull::new(counted.into_raw()).map(Rc)
    }

    pub(crate) fn share(&self) -> Rc<T> {
        let owners = &self.counted().owners;
        owners.set(owners.get().saturating_add(1));
        Rc(self.0)
    }

    fn counted(&self) -> &Counted<T> {
        // SAFETY: the value lives until its last owner is dropped, and `self` is one of them.
        // Nobody makes an exclusive reference to it before that.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Deref for Rc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Drop for Rc<T> {
    fn drop(&mut self) {
        let owners = &self.counted().owners;
        owners.set(owners.get().saturating_sub(1));
        if owners.get() == 0 {
            // SAFETY: the pointer came from `into_raw` in `new`, and no other owner is left to use
            // it.
            drop(unsafe { TryBox::from_raw(self.0.as_ptr()) });
        }
    }
}

/// A boxed slice: its length is fixed when it is made.
pub(crate) struct FixedVec<T> {
    /// Memory from malloc(3); if there are no values, a pointer that is only aligned.
    start: NonNull<T>,
    len: usize,
}

impl<T> FixedVec<T> {
    /// `count` values made by `make` from their indexes; None: there is no memory.
    pub(crate) fn new(count: usize, mut make: impl FnMut(usize) -> T) -> Option<FixedVec<T>> {
        // No values are no memory: malloc(3) of 1 byte need not be aligned for `T`, as a slice has
        // to be.
        let start = if count == 0 { NonNull::dangling() } else { alloc::<T>(count)? };
        let mut list = FixedVec { start, len: 0 };
        while list.len < count {
            // SAFETY: `start` is memory for `count` values, and `len` is below that.
            let next = unsafe { list.start.add(list.len) };
            // SAFETY: `next` is memory for a value, inside that allocation, where nothing has been
            // written.
            unsafe { next.write(make(list.len)) };
            list.len = list.len.saturating_add(1);
        }
        Some(list)
    }
}

impl<T> Deref for FixedVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `new` has written `len` values from `start` on, which is aligned also if `len` is
        // 0. They are borrowed for as long as `self` is.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for FixedVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: `new` has written `len` values from `start` on, which is aligned also if `len` is
        // 0. They are borrowed exclusively for as long as `self` is.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T> Drop for FixedVec<T> {
    fn drop(&mut self) {
        let values: *mut [T] = &mut **self;
        // SAFETY: we own the values, and nobody uses them any more.
        unsafe { ptr::drop_in_place(values) };
        if self.len > 0 {
            // SAFETY: a list with values has its memory from malloc in `alloc`; nobody uses it any
            // more.
            unsafe { libc::free(self.start.as_ptr().cast()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counts<'a>(&'a Cell<u32>);

    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn the_last_owner_drops_what_is_shared() {
        let dropped = Cell::new(0);
        let first = Rc::new(Counts(&dropped)).unwrap();
        let second = first.share();
        drop(first);
        assert_eq!(dropped.get(), 0);
        drop(second);
        assert_eq!(dropped.get(), 1);
    }

    #[test]
    fn a_list_drops_all_that_it_holds() {
        let dropped = Cell::new(0);
        let list = FixedVec::new(3, |_| Counts(&dropped)).unwrap();
        assert_eq!(list.len(), 3);
        drop(list);
        assert_eq!(dropped.get(), 3);
        assert_eq!(FixedVec::new(3, |index| index * 2).unwrap()[..], [0, 2, 4]);
    }

    #[test]
    fn a_list_of_nothing_is_aligned() {
        let list = FixedVec::new(0, |_| 0_u64).unwrap();
        assert!(list.is_empty());
        assert!(list.as_ptr().is_aligned());
    }

    #[test]
    fn no_memory_is_no_panic() {
        assert!(FixedVec::new(usize::MAX, |_| 0_u64).is_none());
        assert!(FixedVec::new(usize::MAX >> 4, |_| 0_u64).is_none());
    }

    #[test]
    fn a_box_survives_its_way_through_c() {
        let raw = TryBox::new(7).unwrap().into_raw();
        // SAFETY: the pointer came from `into_raw`, and is not used again.
        let back = unsafe { TryBox::from_raw(raw) };
        assert!(back.is_some());
        // SAFETY: null is allowed.
        assert!(unsafe { TryBox::<i32>::from_raw(ptr::null_mut()) }.is_none());
    }
}
