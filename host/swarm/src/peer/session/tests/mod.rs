mod bounds;
mod properties;
mod requests;
mod rig;
mod timing;
mod uploads;
